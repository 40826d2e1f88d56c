#include "test.h"

#include "model/protocol.h"
#include "verdicts/reconcile.h"
#include "rules/intent/judge.h"

// The table of semantics.md, written out again: rows declared, columns observed.
static void the_verdict_table_holds_cell_by_cell(void **state)
{
    static const struct {
        enum declared_state declared;
        enum verdict_kind tcp[5];
        enum verdict_kind udp_filtered;
    } rows[] = {
        {DECLARED_REACHABLE,
         {VERDICT_CONFIRMED, VERDICT_LATENT, VERDICT_BLOCKED, VERDICT_BLOCKED, VERDICT_UNVERIFIED},
         VERDICT_UNCONFIRMED},
        {DECLARED_POSSIBLE,
         {VERDICT_CONFIRMED, VERDICT_LATENT, VERDICT_BLOCKED, VERDICT_BLOCKED, VERDICT_UNVERIFIED},
         VERDICT_UNCONFIRMED},
        {DECLARED_INBOUND_ONLY,
         {VERDICT_UNDECLARED, VERDICT_UNDECLARED, VERDICT_ENFORCED, VERDICT_ENFORCED, VERDICT_UNVERIFIED},
         VERDICT_ENFORCED},
        {DECLARED_UNREACHABLE,
         {VERDICT_UNDECLARED, VERDICT_UNDECLARED, VERDICT_ENFORCED, VERDICT_ENFORCED, VERDICT_UNVERIFIED},
         VERDICT_ENFORCED},
    };
    static const enum observed_state observed[] = {OBSERVED_OPEN, OBSERVED_CLOSED, OBSERVED_REJECTED, OBSERVED_FILTERED,
                                                   OBSERVED_UNKNOWN};
    (void)state;
    for (size_t r = 0; r < 4; r++)
        for (size_t o = 0; o < 5; o++) {
            assert_int_equal(verdict_of(rows[r].declared, observed[o], PROTOCOL_TCP), rows[r].tcp[o]);
            assert_int_equal(verdict_of(rows[r].declared, observed[o], PROTOCOL_UDP),
                             observed[o] == OBSERVED_FILTERED ? rows[r].udp_filtered : rows[r].tcp[o]);
        }
}

static void undeclared_is_critical_when_open_and_high_when_closed_whatever_the_intent(void **state)
{
    (void)state;
    for (int intent = INTENT_EXPECTED; intent <= INTENT_UNSPECIFIED; intent++) {
        assert_int_equal(judge_severity(VERDICT_UNDECLARED, OBSERVED_OPEN, (enum intent_state)intent, false),
                         SEVERITY_CRITICAL);
        assert_int_equal(judge_severity(VERDICT_UNDECLARED, OBSERVED_CLOSED, (enum intent_state)intent, false),
                         SEVERITY_HIGH);
    }
}

static void the_severity_table_holds_cell_by_cell(void **state)
{
    static const struct {
        enum verdict_kind kind;
        enum severity expected, forbidden, unspecified;
    } rows[] = {
        {VERDICT_CONFIRMED, SEVERITY_INFO, SEVERITY_CRITICAL, SEVERITY_MEDIUM},
        {VERDICT_LATENT, SEVERITY_LOW, SEVERITY_HIGH, SEVERITY_LOW},
        {VERDICT_BLOCKED, SEVERITY_MEDIUM, SEVERITY_MEDIUM, SEVERITY_LOW},
        {VERDICT_ENFORCED, SEVERITY_MEDIUM, SEVERITY_INFO, SEVERITY_INFO},
        {VERDICT_UNCONFIRMED, SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_LOW},
        {VERDICT_UNVERIFIED, SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_LOW},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(judge_severity(rows[i].kind, OBSERVED_OPEN, INTENT_EXPECTED, false), rows[i].expected);
        assert_int_equal(judge_severity(rows[i].kind, OBSERVED_OPEN, INTENT_FORBIDDEN, false), rows[i].forbidden);
        assert_int_equal(judge_severity(rows[i].kind, OBSERVED_OPEN, INTENT_UNSPECIFIED, false), rows[i].unspecified);
    }
}

// Past its date an exception makes what is reachable a finding even where a later rule or the default allows it.
static void an_expired_exception_is_a_finding_in_every_cell_but_enforced(void **state)
{
    (void)state;
    for (int kind = 0; kind < VERDICT_KINDS; kind++)
        for (int intent = INTENT_EXPECTED; intent <= INTENT_UNSPECIFIED; intent++) {
            enum severity plain =
                judge_severity((enum verdict_kind)kind, OBSERVED_OPEN, (enum intent_state)intent, false);
            enum severity expired =
                judge_severity((enum verdict_kind)kind, OBSERVED_OPEN, (enum intent_state)intent, true);
            if (kind == VERDICT_ENFORCED)
                assert_int_equal(expired, plain);
            else
                assert_int_equal(expired, plain < SEVERITY_MEDIUM ? plain : SEVERITY_MEDIUM);
        }
}

static void neighbours_that_agree_in_everything_become_one_entry(void **state)
{
    struct arena *arena = arena_new();
    struct verdict_set set = {0};
    (void)state;
    for (uint16_t port = 1; port <= 10; port++) {
        struct verdict *verdict = vector_add(arena, &set.items);
        *verdict = (struct verdict){.address = {.family = FAMILY_IPV4, .bits = 1},
                                    .protocol = PROTOCOL_TCP,
                                    .low = port,
                                    .high = port,
                                    .kind = port == 5 ? VERDICT_CONFIRMED : VERDICT_ENFORCED};
        *vector_add(arena, &verdict->observations) = port;
    }
    verdicts_merge(arena, &set);
    assert_int_equal(set.items.count, 3);
    assert_int_equal(set.items.items[0].high, 4);
    assert_int_equal(set.items.items[0].observations.count, 4);
    assert_int_equal(set.items.items[1].low, 5);
    assert_int_equal(set.items.items[2].low, 6);
    assert_int_equal(set.items.items[2].high, 10);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_verdict_table_holds_cell_by_cell),
        cmocka_unit_test(undeclared_is_critical_when_open_and_high_when_closed_whatever_the_intent),
        cmocka_unit_test(the_severity_table_holds_cell_by_cell),
        cmocka_unit_test(an_expired_exception_is_a_finding_in_every_cell_but_enforced),
        cmocka_unit_test(neighbours_that_agree_in_everything_become_one_entry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
