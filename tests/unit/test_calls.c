// The table of AWS calls: what it names exists, and nothing in it stands twice.
#include <string.h>

#include "test.h"

#include "aws/documents/calls.h"
#include "aws/read/model.h"

static void each_call_that_is_made_is_in_the_service_models(void **state)
{
    struct model *model = model_new();
    (void)state;
    for (size_t i = 0; i < aws_call_count; i++) {
        const struct aws_call *call = &aws_calls[i];
        if (call->scope == CALL_NEVER)
            continue;
        struct operation operation = model_operation(model, call->service, call->operation);
        assert_string_equal(operation.name, call->operation);
        assert_true(operation.version[0] != '\0' || operation.target[0] != '\0');
        assert_true(operation.holder[0] == '\0' || call_of_key(operation.holder) != NULL);
        for (size_t list = 0; operation.holder[0] == '\0' && list < operation.list_count && call->key != NULL; list++)
            assert_non_null(call_of_key(operation.lists[list])); // what comes in pages is known by its key
    }
    model_free(model);
}

static void no_key_is_read_in_two_ways_and_no_file_is_named_twice(void **state)
{
    (void)state;
    for (size_t i = 0; i < aws_call_count; i++)
        for (size_t j = 0; j < i; j++) {
            const struct aws_call *a = &aws_calls[i], *b = &aws_calls[j];
            bool kept = a->read != NULL || b->read != NULL;
            assert_false(kept && a->key != NULL && b->key != NULL && strcmp(a->key, b->key) == 0);
            assert_false(a->file != NULL && b->file != NULL && strcmp(a->file, b->file) == 0);
        }
}

static void what_follows_from_an_answer_follows_from_a_call_of_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < aws_call_count; i++) {
        const struct aws_call *call = &aws_calls[i];
        if (call->scope != CALL_ABOUT)
            continue;
        const struct aws_call *from = call_of_operation(call->service, call->about.operation);
        assert_non_null(from);
        assert_true(call->about.list == NULL || call_of_key(call->about.list) != NULL);
        assert_true(call->about.list == NULL || call->about.parameter != NULL);
    }
}

static void a_kind_that_is_relied_on_or_assumed_says_so_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < aws_call_count; i++) {
        const struct aws_call *call = &aws_calls[i];
        assert_true(call->reliance == RELIES_NOTHING || call->kind != KIND_COUNT);
        assert_true(call->reliance != RELIES_DEFAULT || call->assumption != NULL);
        assert_true(call->kind == KIND_COUNT || kind_name(call->kind) != NULL);
    }
}

static void what_would_settle_a_doubt_is_a_call_of_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < aws_call_count; i++) {
        const struct aws_call *call = &aws_calls[i];
        bool whole = call->kind != KIND_PREFIX_LISTS && strcmp(call->operation, "ListVpcOrigins") != 0;
        if (call->kind == KIND_COUNT || call->file == NULL || !whole)
            continue; // of prefix lists and origins, the call that tells what they hold
        char words[128];
        snprintf(words, sizeof(words), "%s %s", call->service, call->file);
        *strchrnul(words, '.') = '\0';
        assert_string_equal(kind_call(call->kind), words);
    }
    for (int kind = 0; kind < KIND_COUNT; kind++)
        assert_non_null(kind_call((enum kind)kind));
}

static void files_are_known_by_the_names_of_their_calls(void **state)
{
    static const char *const names[][2] = {{"a/describe-network-interfaces.json", "DescribeNetworkInterfaces"},
                                           {"ec2.DescribeRouteTables_1.json", "DescribeRouteTables"},
                                           {"elasticloadbalancing.DescribeTargetGroups_1.json", "DescribeTargetGroups"},
                                           {"describe-load-balancers.classic.json", "DescribeLoadBalancers"},
                                           {"gamelift.DescribeInstances_1.json", NULL},
                                           {"groups.json", NULL}};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct aws_call *call = call_of_file(names[i][0]);
        assert_true((call == NULL) == (names[i][1] == NULL));
        assert_true(call == NULL || strcmp(call->operation, names[i][1]) == 0);
    }
    assert_string_equal(call_of_file("describe-load-balancers.classic.json")->service, "elb");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_that_is_made_is_in_the_service_models),
        cmocka_unit_test(no_key_is_read_in_two_ways_and_no_file_is_named_twice),
        cmocka_unit_test(what_follows_from_an_answer_follows_from_a_call_of_the_table),
        cmocka_unit_test(a_kind_that_is_relied_on_or_assumed_says_so_once),
        cmocka_unit_test(what_would_settle_a_doubt_is_a_call_of_the_table),
        cmocka_unit_test(files_are_known_by_the_names_of_their_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
