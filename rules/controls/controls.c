#include "rules/controls/controls.h"

#include "rules/controls/group_table.h"

static enum control_result sum(const struct control *control)
{
    bool failed = false, passed = false;
    for (size_t i = 0; i < control->evidence.count; i++) {
        failed = failed || control->evidence.items[i].result == CONTROL_FAIL;
        passed = passed || control->evidence.items[i].result == CONTROL_PASS;
    }
    return failed                       ? CONTROL_FAIL
           : control->missing.count > 0 ? CONTROL_NOT_EVALUATED
           : passed                     ? CONTROL_PASS
                                        : CONTROL_NOT_APPLICABLE;
}

static bool of_account(const struct pack_control *asked)
{
    for (size_t i = 0; i < asked->facts.count; i++)
        if (!fact_named(asked->facts.items[i].name)->account)
            return false;
    return true;
}

static void judge_control(struct arena *arena, const struct fact_input *input, const struct pack_control *asked,
                          struct map *accesses, struct control *control)
{
    *control = (struct control){
        .id = asked->id,
        .title = asked->title,
        .text = asked->text,
        .source = asked->source,
        .severity = asked->severity,
    };
    for (size_t i = 0; i < asked->facts.count; i++) {
        struct inquiry inquiry = {arena, input, &asked->facts.items[i], control, accesses};
        fact_named(asked->facts.items[i].name)->answer(&inquiry);
    }
    control->result = sum(control);
}

static void add_principals(struct arena *arena, const struct fact_input *input, const struct access_map *map,
                           const iam_identity_list *identities, struct control_report *report)
{
    for (size_t i = 0; i < identities->count; i++) {
        const struct access *access = access_of(map, &identities->items[i]);
        *vector_add(arena, &report->principals) = (struct principal_access){
            .principal = identities->items[i].arn,
            .level = access_level_names[access->level],
            .path = access->path,
            .reference =
                access->reference == NULL ? NULL : arena_printf(arena, "%s%s", input->snapshot, access->reference),
            .unknown = access->unknown,
        };
    }
}

static void list_principals(struct arena *arena, const struct fact_input *input, struct map *accesses,
                            struct control_report *report)
{
    size_t count;
    void **accounts = map_values(arena, &input->estate->accounts, &count);
    for (size_t i = 0; i < count; i++) {
        const struct account *account = accounts[i];
        const struct access_map *map = fact_access(arena, accesses, account);
        add_principals(arena, input, map, &account->users, report);
        add_principals(arena, input, map, &account->roles, report);
    }
}

void controls_judge(struct arena *arena, const struct fact_input *input, const struct controls_options *options,
                    struct control_report *report)
{
    struct map accesses = {0};
    report->judged_on = input->today;
    for (size_t p = 0; p < options->pack_count; p++) {
        const struct pack *pack = options->packs[p];
        struct control_pack judged = {.id = pack->id, .title = pack->title, .source = pack->source};
        for (size_t i = 0; i < pack->controls.count; i++)
            if (!options->account_only || of_account(&pack->controls.items[i]))
                judge_control(arena, input, &pack->controls.items[i], &accesses, vector_add(arena, &judged.controls));
        if (judged.controls.count > 0)
            *vector_add(arena, &report->packs) = judged;
    }
    if (options->account_only)
        list_principals(arena, input, &accesses, report);
    else
        group_table(arena, input, report);
}
