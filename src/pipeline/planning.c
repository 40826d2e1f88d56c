#include "pipeline/planning.h"

#include <unistd.h>

#include "base/log.h"
#include "model/protocol.h"
#include "report/report.h"
#include "service_ports.h"

bool planning_depth(const char *depth, enum plan_depth *chosen, struct error *error)
{
    static const char *const depths[] = {"declared", "standard", "full", "moved"};
    *chosen = DEPTH_STANDARD;
    for (int i = 0; i < 4 && depth != NULL; i++)
        if (strcmp(depths[i], depth) == 0) {
            *chosen = (enum plan_depth)i;
            return true;
        }
    return depth == NULL || error_set(error, ERROR_USAGE, "--depth %s: expected declared, standard or full", depth);
}

static bool is_of_family(const struct vantage_list *vantages, bool ipv6)
{
    for (size_t i = 0; i < vantages->items.count; i++)
        if ((vantages->items.items[i].address.family == FAMILY_IPV6) == ipv6)
            return true;
    return false;
}

bool planning_make(struct arena *arena, const char *depth, const struct declared *declared,
                   const struct exposure_set *narrowed, const struct intent *intent, const struct answered *moved,
                   const struct answered *previous, const struct vantage_list *vantages, struct plan *plan,
                   struct verdict_set *coverage, struct error *error)
{
    static const char *const unseen[] = {"IPv4 endpoints (no IPv4 vantage)", "IPv6 endpoints (no IPv6 vantage)"};
    static const char *const unasked[] = {"IPv4 endpoints (no vantage is to ask them)",
                                          "IPv6 endpoints (no vantage is to ask them)"};
    struct plan_options chosen = {.moved = moved, .previous = previous};
    GUARD(planning_depth(depth, &chosen.depth, error));
    if (!portset_parse(arena, SERVICE_PORTS, &chosen.service_ports))
        return error_set(error, ERROR_USAGE, "the built-in service ports are no list of ports");
    chosen.udp_ports = probe_udp_ports(arena);
    chosen.intent_ports = intent == NULL ? portset_empty : intent_ports(arena, intent);
    plan_make(arena, declared->estate, narrowed, FAMILY_IPV4, &chosen, plan, coverage);
    plan_make(arena, declared->estate, narrowed, FAMILY_IPV6, &chosen, plan, coverage);
    vantages_limit_ports(plan, vantages);
    size_t left_out[2] = {0};
    for (size_t i = 0; i < declared->exposures->endpoints.count; i++)
        left_out[declared->exposures->endpoints.items[i].address.family == FAMILY_IPV6]++;
    for (size_t i = 0; i < narrowed->endpoints.count; i++)
        left_out[narrowed->endpoints.items[i].address.family == FAMILY_IPV6]--;
    for (int f = 0; f < 2; f++)
        if (left_out[f] > 0 && vantages->items.count > 0)
            *vector_add(arena, &coverage->gaps) =
                (struct coverage_gap){is_of_family(vantages, f == 1) ? unasked[f] : unseen[f], left_out[f]};
    return true;
}

bool planning_place_read(struct arena *arena, const char *option, const char *text, struct address *address,
                         struct portset *port, struct error *error)
{
    struct vantage parsed; // ADDRESS:PORT is read as a client's address and ports are
    if (!vantage_read(arena, text, &parsed, error) || !prefixset_is_empty(parsed.targets) ||
        portset_size(parsed.client_ports) != 1 || portset_holds(parsed.client_ports, 0))
        return error_set(error, ERROR_USAGE, "--%s %s: expected ADDRESS:PORT or [IPV6]:PORT", option, text);
    *address = parsed.address;
    *port = parsed.client_ports;
    return true;
}

bool planning_add_canary(struct arena *arena, const char *text, struct plan *plan, struct error *error)
{
    enum { MOST = 256 };
    size_t count = 0;
    bool twice = false;
    struct plan_target target = {.protocol = PROTOCOL_TCP,
                                 .client_ports = portset_all,
                                 .expect = DECLARED_POSSIBLE,
                                 .spare = true,
                                 .canary = true};
    GUARD(planning_place_read(arena, "canary", text, &target.address, &target.ports, error));
    for (size_t i = 0; i < plan->targets.count; i++) {
        const struct plan_target *other = &plan->targets.items[i];
        count += other->canary;
        twice = twice || (other->canary && address_equal(other->address, target.address) &&
                          portset_equal(other->ports, target.ports));
    }
    if (count >= MOST || twice)
        return error_set(error, ERROR_USAGE, twice ? "--canary %s: is there twice" : "--canary %s: there are too many",
                         text);
    *vector_add(arena, &target.why) = "canary";
    *vector_add(arena, &plan->targets) = target;
    return true;
}

static bool is_asked(const struct plan *plan, const struct exposure_set *exposures, struct address address)
{
    for (size_t i = 0; exposures != NULL && i < exposures->endpoints.count; i++)
        if (exposures->endpoints.items[i].address.family == address.family &&
            prefix_holds(exposures->endpoints.items[i].address, address))
            return true;
    for (size_t i = 0; i < plan->targets.count; i++)
        if (!plan->targets.items[i].canary && address_equal(plan->targets.items[i].address, address))
            return true;
    return false;
}

bool planning_canaries_apart(const struct plan *plan, const struct exposure_set *exposures, struct error *error)
{
    for (size_t i = 0; i < plan->targets.count; i++) {
        const struct plan_target *target = &plan->targets.items[i];
        char text[ADDRESS_TEXT];
        if (!target->canary || !is_asked(plan, exposures, target->address))
            continue;
        address_format(target->address, text);
        return error_set(error, ERROR_USAGE,
                         "--canary: %s is itself asked about, and what answers there needs a verdict: give a place of "
                         "yours beside the endpoints (those that answer are asked again anyway)",
                         text);
    }
    return true;
}

struct plan_head planning_head(struct arena *arena, const struct plan *plan, const struct vantage_list *vantages,
                               const struct probe_speed *speed)
{
    struct probe_estimate estimate = probe_estimate(plan, speed);
    struct plan_head head = {.vantage = vantages_text(arena, vantages),
                             .questions = estimate.questions,
                             .packets = estimate.packets,
                             .seconds = estimate.seconds,
                             .rate = speed->rate,
                             .host_rate = speed->host_rate,
                             .tries = speed->tries,
                             .timeout_ms = speed->timeout_ms};
    for (size_t i = 0; i < vantages->items.count; i++) {
        *vector_add(arena, &head.vantages) = vantage_text(arena, &vantages->items.items[i]);
        *vector_add(arena, &head.vantages_learnt) = vantages->items.items[i].learnt;
    }
    return head;
}

void planning_write_estimate(const struct plan *plan, const struct plan_head *head, struct text *out)
{
    struct arena *arena = arena_new();
    struct map addresses = {0};
    for (size_t i = 0; i < plan->targets.count; i++) {
        char text[ADDRESS_TEXT];
        if (i > 0 && plan->targets.items[i - 1].spare == plan->targets.items[i].spare &&
            address_equal(plan->targets.items[i - 1].address, plan->targets.items[i].address))
            continue;
        address_format(plan->targets.items[i].address, text);
        if (!plan->targets.items[i].spare)
            map_put(arena, &addresses, arena_strdup(arena, text), &addresses);
    }
    text_printf(
        out,
        "%zu address%s, %llu questions: about %llu packets, about %.0f s at %ld packets/s (%ld to one address), up to "
        "%.0f s more where what proves nothing is asked again; nothing was sent\n",
        addresses.count, addresses.count == 1 ? "" : "es", (unsigned long long)head->questions,
        (unsigned long long)head->packets, head->seconds, head->rate, head->host_rate,
        probe_again_seconds(head->seconds));
    for (size_t i = 0; i < head->vantages.count; i++)
        text_printf(out, "from %s (%s)\n", report_clean(arena, head->vantages.items[i]),
                    report_clean(arena, head->vantages_learnt.items[i]));
    arena_free(arena);
}

void planning_say_probed(const struct probe_summary *summary)
{
    char address[ADDRESS_TEXT];
    enum { SHOWN = 5 };
    for (size_t i = 0; i < summary->unasked.count && i < SHOWN; i++)
        log_line(LOG_WARNING, "incomplete: %zu ports are not known: %s", summary->unasked.items[i].count,
                 summary->unasked.items[i].reason);
    if (summary->unasked.count > SHOWN)
        log_line(LOG_WARNING, "incomplete: %zu ports are not known in all", summary->by_state[OBSERVED_UNKNOWN]);
    for (size_t i = 0; i < summary->canaries.count; i++)
        if (summary->canaries.items[i].answered == 0) {
            address_format(summary->canaries.items[i].address, address);
            log_line(LOG_WARNING, "the canary %s port %u did not answer: it proves nothing", address,
                     summary->canaries.items[i].port);
        }
    const struct probe_services *services = &summary->services;
    for (size_t i = 0; i < services->reasons.count && i < SHOWN; i++)
        log_line(LOG_WARNING, "services of %zu open ports are not identified: %s", services->reasons.items[i].count,
                 services->reasons.items[i].reason);
    for (size_t i = 0; i < summary->accepting.count; i++) {
        address_format(summary->accepting.items[i], address);
        log_line(LOG_WARNING, "%s accepts every TCP port: something answers in its place", address);
    }
    if (summary->late > 0)
        log_line(LOG_DEBUG, "%zu of %zu answers came only to a later try", summary->late, summary->received);
}
