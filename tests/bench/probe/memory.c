// bench_probe_memory HOSTS: the schedule and the ledger of HOSTS × 65,535 ports, all asked twice in their orders, one
// in sixteen answered, collected; how much memory that took. Nothing is sent.
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <uv.h>

#include "model/protocol.h"
#include "probe/ledger.h"

int main(int argc, char **argv)
{
    struct arena *arena = arena_new();
    struct plan plan = {0};
    struct error error;
    struct ledger ledger;
    struct observations observations = {0};
    size_t by_state[OBSERVED_UNKNOWN + 1] = {0}, hosts = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000;
    for (size_t i = 0; i < hosts; i++)
        *vector_add(arena, &plan.targets) =
            (struct plan_target){.address = {.family = FAMILY_IPV4, .bits = 0x0a000000 + i},
                                 .protocol = PROTOCOL_TCP,
                                 .ports = portset_of(arena, 1, PORT_LAST),
                                 .client_ports = portset_all};
    struct schedule schedule = schedule_of(arena, &plan, 7);
    if (!ledger_begin(&ledger, arena, &schedule, false, 1000000, &error))
        return 1;
    uint64_t began = uv_hrtime(), asked = 0;
    for (unsigned try = 1; try <= 2; try++) {
        const struct order *order = &ledger.orders[try];
        uint64_t question = order->offset;
        for (uint64_t position = 0; position < order->count; position++, asked++) {
            if (ledger_tries(&ledger, question) == try - 1)
                ledger_sent(&ledger, &(struct sending){schedule_span(&schedule, question), question, position, try},
                            1 + asked);
            struct answer answer = answer_state(OBSERVED_CLOSED, "rst");
            if (try == 1 && question / 4096 % 16 == 3)
                ledger_answer(&ledger, question, 1, &answer, 1 + asked, 0);
            question += order->stride;
            question -= question >= order->count ? order->count : 0;
        }
    }
    double seconds = (double)(uv_hrtime() - began) / 1e9;
    ledger_settle(&ledger);
    ledger_collect(&ledger, arena, 2, "not asked", &observations, by_state);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%zu hosts, %llu ports: %.1f MB, %.3f bytes a port; %.0f ns a try; %zu closed, %zu silent in %u lines\n",
           hosts, (unsigned long long)schedule.count, (double)usage.ru_maxrss * 1024 / 1e6,
           (double)usage.ru_maxrss * 1024 / (double)schedule.count, seconds * 1e9 / (double)asked,
           by_state[OBSERVED_CLOSED], by_state[OBSERVED_FILTERED] + by_state[OBSERVED_UNKNOWN],
           observations.items.count);
    ledger_end(&ledger);
    arena_free(arena);
    return 0;
}
