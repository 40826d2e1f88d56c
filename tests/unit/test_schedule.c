// The order of asking is a permutation that can be turned around and that is fair to hosts; answers are known by their
// keys.
#include "test.h"

#include "model/protocol.h"
#include "probe/identity.h"

static struct schedule schedule_from(struct arena *arena, const char *targets, uint64_t seed)
{
    struct plan plan = {0};
    struct error error;
    assert_true(plan_read(arena, "targets", targets, strlen(targets), &plan, &error));
    return schedule_of(arena, &plan, seed);
}

static const char several[] = "198.51.100.1 tcp 1-100,443\n198.51.100.1 tcp 50-60,8000\n198.51.100.2 tcp 1-102\n"
                              "198.51.100.2 udp 53\n2001:db8::1 icmp\n198.51.100.3 tcp 1-102\n";

static void every_question_is_asked_once_and_its_place_is_known(void **state)
{
    struct arena *arena = arena_new();
    (void)state;
    for (uint64_t seed = 1; seed < 50; seed++) {
        struct schedule schedule = schedule_from(arena, several, seed);
        assert_int_equal(schedule.count, 102 + 102 + 102 + 2); // a port that two lines name counts once
        for (unsigned try = 1; try < 6; try++) {
            struct order order = schedule_order(&schedule, try);
            bool *asked = arena_array(arena, bool, schedule.count);
            uint64_t question = order.offset;
            for (uint64_t position = 0; position < order.count; position++) {
                const struct span *span = schedule_span(&schedule, question);
                const struct lane *lane = &schedule.lanes[span->lane];
                uint64_t found;
                assert_false(asked[question]);
                asked[question] = true;
                assert_int_equal(order_position(&order, question), position);
                assert_true(
                    schedule_find(&schedule, lane->address, lane->protocol, schedule_port(span, question), &found));
                assert_int_equal(found, question);
                question = (question + order.stride) % order.count;
            }
        }
        uint64_t found;
        assert_false(schedule_find(&schedule, schedule.lanes[0].address, PROTOCOL_TCP, 101, &found));
        assert_false(schedule_find(&schedule, schedule.lanes[0].address, PROTOCOL_TCP, 0, &found));
    }
    arena_free(arena);
}

static void any_short_stretch_of_the_order_is_fair_to_hosts(void **state)
{
    struct arena *arena = arena_new();
    (void)state;
    for (uint64_t seed = 1; seed < 30; seed++) {
        struct schedule schedule = schedule_from(
            arena, "10.0.0.1 tcp 1-1000\n10.0.0.2 tcp 1-1000\n10.0.0.3 tcp 1-1000\n10.0.0.4 tcp 1-1000\n", seed);
        struct order order = schedule_order(&schedule, 1);
        uint64_t question = order.offset;
        int of_host[4] = {0};
        for (int position = 0; position < 400; position++, question = (question + order.stride) % order.count)
            of_host[schedule_span(&schedule, question)->lane]++;
        for (int host = 0; host < 4; host++)
            assert_in_range(of_host[host], 85, 115);
    }
    arena_free(arena);
}

static void an_answer_is_known_by_its_key_and_tells_its_try(void **state)
{
    struct arena *arena = arena_new();
    struct error error;
    struct ledger ledger;
    struct identity identity;
    (void)state;
    struct schedule schedule = schedule_from(arena, several, 1);
    assert_true(ledger_begin(&ledger, arena, &schedule, false, 1000000, &error));
    assert_true(identity_begin(&identity, arena, &schedule, &ledger, &error));
    for (unsigned try = 1; try <= 3; try++)
        for (uint64_t question = 0; question < 100; question++) {
            const struct span *span = schedule_span(&schedule, question);
            uint16_t port = schedule_port(span, question), own_port = identity_port(&identity, span, question, try);
            struct address target = schedule.lanes[span->lane].address;
            struct seen seen = {.kind = SEEN_SYN_ACK,
                                .protocol = PROTOCOL_TCP,
                                .target = target,
                                .port = port,
                                .own_port = own_port,
                                .has_sequence = true,
                                .sequence = identity_sequence(&identity, target, port, own_port)};
            uint64_t found;
            unsigned told;
            assert_false(identity_match(&identity, &seen, &found, &told)); // nothing sent yet
            ledger_sent(&ledger, &(struct sending){span, question, order_position(&ledger.orders[try], question), try},
                        1);
            assert_true(identity_match(&identity, &seen, &found, &told));
            assert_int_equal(found, question);
            assert_int_equal(told, try);
            seen.sequence ^= 1;
            assert_false(identity_match(&identity, &seen, &found, &told));
            seen.sequence ^= 1;
            seen.own_port ^= 1;
            assert_false(identity_match(&identity, &seen, &found, &told));
        }
    ledger_end(&ledger);
    arena_free(arena);
}

static void siphash_is_siphash(void **state)
{
    // Key and message bytes 0, 1, 2, ...: another implementation, which gives the paper's own vector, says so of 24
    // bytes.
    struct keyed keyed = {.key = {0x0706050403020100, 0x0f0e0d0c0b0a0908}};
    (void)state;
    assert_int_equal(keyed_hash(&keyed, 0x0706050403020100, 0x0f0e0d0c0b0a0908, 0x1716151413121110),
                     0xb8ad50c6f649af94);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_question_is_asked_once_and_its_place_is_known),
        cmocka_unit_test(any_short_stretch_of_the_order_is_fair_to_hosts),
        cmocka_unit_test(an_answer_is_known_by_its_key_and_tells_its_try),
        cmocka_unit_test(siphash_is_siphash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
