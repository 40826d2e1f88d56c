// Between two runs, against definitions port by port: what answered, outages, drift, and what became of a change.
#include "test.h"

#include <stdlib.h>

#include "model/protocol.h"
#include "verdicts/outcome.h"
#include "verdicts/reconcile.h"

enum { PORTS = 24, ROUNDS = 3000 };

static unsigned long seed = 1;

static unsigned roll(unsigned below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % below;
}

// One run's knowledge of each port; absent where it was not asked.
struct known {
    bool asked;
    enum declared_state declared;
    enum observed_state observed;
    enum intent_state intent;
    bool by_rule;
};

static const struct address host = {FAMILY_IPV4, 0};

static struct address address_of_host(void)
{
    struct address address = host;
    address_parse("198.51.100.7", &address);
    return address;
}

static void draw(struct known ports[PORTS])
{
    struct known one = {0};
    for (size_t port = 0; port < PORTS; port++) {
        if (port == 0 || roll(3) == 0)
            one = (struct known){roll(4) != 0, (enum declared_state)roll(4), (enum observed_state)roll(5),
                                 (enum intent_state)roll(3), roll(2) == 0};
        ports[port] = one;
    }
}

static bool same(const struct known *a, const struct known *b)
{
    return a->asked == b->asked && a->declared == b->declared && a->observed == b->observed && a->intent == b->intent &&
           a->by_rule == b->by_rule;
}

static struct verdict_set set_of(struct arena *arena, const struct known ports[PORTS])
{
    struct verdict_set set = {.complete = true};
    for (size_t port = 0; port < PORTS; port++) {
        const struct known *one = &ports[port];
        if (!one->asked)
            continue;
        if (port > 0 && same(one, one - 1)) {
            set.items.items[set.items.count - 1].high = (uint16_t)port;
            continue;
        }
        *vector_add(arena, &set.items) = (struct verdict){
            .address = address_of_host(),
            .protocol = PROTOCOL_TCP,
            .low = (uint16_t)port,
            .high = (uint16_t)port,
            .declared = one->declared,
            .observed = one->observed,
            .kind = verdict_of(one->declared, one->observed, PROTOCOL_TCP),
            .intent = one->intent,
            .intent_rule = one->by_rule ? "rule" : NULL,
            .severity = SEVERITY_LOW,
        };
    }
    return set;
}

static bool is_known(const struct known *one)
{
    return one->asked && one->observed != OBSERVED_UNKNOWN;
}

static bool answers(const struct known *one)
{
    return is_known(one) && (one->observed == OBSERVED_OPEN || one->observed == OBSERVED_CLOSED);
}

static void what_answered_is_as_it_was_last_known(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct arena *arena = arena_new();
        struct answered answered = {0};
        bool open[PORTS] = {0}, closed[PORTS] = {0};
        for (unsigned run = 0, runs = 1 + roll(5); run < runs; run++) {
            struct known ports[PORTS];
            draw(ports);
            struct verdict_set set = set_of(arena, ports);
            bool outage[PORTS] = {0};
            answered_mark_outages(arena, &answered, &set);
            for (size_t i = 0; i < set.items.count; i++)
                for (uint32_t port = set.items.items[i].low; port <= set.items.items[i].high; port++) {
                    outage[port] = set.items.items[i].outage;
                    assert_true(set.items.items[i].severity == (outage[port] ? SEVERITY_HIGH : SEVERITY_LOW));
                }
            answered_note(arena, &answered, &set);
            for (size_t port = 0; port < PORTS; port++) {
                bool expected = ports[port].intent == INTENT_EXPECTED && ports[port].by_rule;
                bool silent = is_known(&ports[port]) && ports[port].observed != OBSERVED_OPEN;
                assert_true(outage[port] == (expected && silent && open[port]));
                if (!is_known(&ports[port]))
                    continue;
                open[port] = ports[port].observed == OBSERVED_OPEN || outage[port];
                closed[port] = ports[port].observed == OBSERVED_CLOSED && !outage[port];
            }
        }
        const struct answered_ports *at = answered_at(&answered, address_of_host(), PROTOCOL_TCP);
        for (size_t port = 0; port < PORTS; port++) {
            assert_true(open[port] == (at != NULL && portset_holds(at->open, (uint16_t)port)));
            assert_true(closed[port] == (at != NULL && portset_holds(at->closed, (uint16_t)port)));
        }
        arena_free(arena);
    }
}

static enum change_outcome outcome_by_definition(const struct movement *movement, const struct known *now)
{
    bool shut = movement->change.kind == CHANGE_CLOSED;
    if (movement->meaning == MOVEMENT_NOT_DONE)
        return OUTCOME_NOT_DONE;
    if (movement->meaning == MOVEMENT_NOT_MEANT || movement->against != NULL)
        return OUTCOME_UNPLANNED;
    if (movement->unseen != NULL || !is_known(now))
        return OUTCOME_UNVERIFIED;
    if (answers(now))
        return shut ? OUTCOME_NOT_IN_FORCE : OUTCOME_AS_PLANNED;
    if (shut)
        return OUTCOME_AS_PLANNED;
    return movement->change.certainty == CERTAINTY_POSSIBLE ? OUTCOME_UNVERIFIED : OUTCOME_NOT_IN_FORCE;
}

// What happened at a port where nothing declared moved; OUTCOMES where nothing did.
static enum change_outcome elsewhere_by_definition(const struct known *before, const struct known *now)
{
    bool undeclared = now->asked && verdict_of(now->declared, now->observed, PROTOCOL_TCP) == VERDICT_UNDECLARED;
    if (is_known(before) && is_known(now))
        return before->observed != now->observed && (answers(before) || answers(now)) ? OUTCOME_ELSEWHERE : OUTCOMES;
    if (answers(before))
        return OUTCOME_UNVERIFIED;
    return undeclared && answers(now) && !is_known(before) ? OUTCOME_ELSEWHERE : OUTCOMES;
}

static void each_port_of_a_change_has_the_outcome_of_its_definition(void **state)
{
    (void)state;
    struct interface_place place = {0};
    struct network_interface interface = {.id = "eni-1", .place = &place};
    struct endpoint endpoint = {.interface = &interface,
                                .address = {.family = FAMILY_IPV4, .first = address_of_host().bits, .length = 32}};
    for (int round = 0; round < ROUNDS; round++) {
        struct arena *arena = arena_new();
        struct known before[PORTS], now[PORTS];
        movement_list movements = {0};
        drift_list drift = {0};
        draw(before);
        draw(now);
        struct verdict_set was = set_of(arena, before), is = set_of(arena, now);
        for (size_t port = 0; port < PORTS; port++) // apart, as those of one endpoint are
            if (roll(4) == 0) {
                size_t high = port + roll(6);
                high = high < PORTS ? high : PORTS - 1;
                *vector_add(arena, &movements) =
                    (struct movement){.change = {.kind = (enum change_kind)roll(3),
                                                 .endpoint = &endpoint,
                                                 .protocol_low = PROTOCOL_TCP,
                                                 .protocol_high = PROTOCOL_TCP,
                                                 .low = (uint16_t)port,
                                                 .high = (uint16_t)high,
                                                 .sources = prefixset_all(arena, FAMILY_IPV4),
                                                 .internet = true,
                                                 .certainty = (enum certainty)roll(2)},
                                      .meaning = (enum movement_meaning)roll(3),
                                      .against = roll(4) == 0 ? "the intent is against it" : NULL,
                                      .ours = roll(4) != 0};
                struct movement *last = &movements.items[movements.count - 1];
                last->unseen = last->ours ? NULL : "the vantage is not one of its sources";
                port = high;
            }
        drift_compute(arena, &was, &is, &drift);
        struct change_report report = {0};
        outcome_judge(arena, &(struct outcome_input){&movements, &is, &was, &drift}, &report);
        enum change_outcome declared[PORTS], other[PORTS];
        for (size_t port = 0; port < PORTS; port++)
            declared[port] = other[port] = OUTCOMES;
        for (size_t i = 0; i < report.pieces.count; i++)
            for (uint32_t port = report.pieces.items[i].change.low; port <= report.pieces.items[i].change.high;
                 port++) {
                enum change_outcome *into = report.pieces.items[i].change.endpoint != NULL ? declared : other;
                assert_true(into[port] == OUTCOMES); // once
                into[port] = report.pieces.items[i].outcome;
            }
        for (size_t port = 0; port < PORTS; port++) {
            const struct movement *at = NULL;
            for (size_t i = 0; i < movements.count; i++)
                if (movements.items[i].change.low <= port && port <= movements.items[i].change.high)
                    at = &movements.items[i];
            assert_true(declared[port] == (at == NULL ? OUTCOMES : outcome_by_definition(at, &now[port])));
            bool covered = at != NULL && at->ours && at->meaning != MOVEMENT_NOT_DONE;
            assert_true(other[port] == (covered ? OUTCOMES : elsewhere_by_definition(&before[port], &now[port])));
        }
        arena_free(arena);
    }
}

int main(void)
{
    const char *given = getenv("SEED");
    seed = given == NULL ? 1 : strtoul(given, NULL, 10);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_answered_is_as_it_was_last_known),
        cmocka_unit_test(each_port_of_a_change_has_the_outcome_of_its_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
