#include "rules/controls/controls.h"

#include "rules/access/sign_in.h"
#include "rules/controls/group_table.h"

static enum control_result sum(const struct control *control)
{
    bool failed = false, passed = false, excepted = false;
    for (size_t i = 0; i < control->evidence.count; i++) {
        const struct control_evidence *evidence = &control->evidence.items[i];
        failed = failed || (evidence->result == CONTROL_FAIL && evidence->exception == NULL);
        excepted = excepted || evidence->exception != NULL;
        passed = passed || evidence->result == CONTROL_PASS;
    }
    return failed                       ? CONTROL_FAIL
           : control->missing.count > 0 ? CONTROL_NOT_EVALUATED
           : excepted                   ? CONTROL_EXCEPTED
           : passed                     ? CONTROL_PASS
                                        : CONTROL_NOT_APPLICABLE;
}

// ---- Exceptions

// The exception that counts for something that failed, or NULL; one that has expired is told in what failed.
static void except(struct arena *arena, const struct fact_input *input, struct control *control,
                   struct control_evidence *evidence, struct control_report *report)
{
    for (size_t i = 0; i < input->intent->exceptions.count; i++) {
        const struct intent_exception *one = &input->intent->exceptions.items[i];
        if (!intent_exception_matches(one, control->id, evidence->subject))
            continue;
        if (!intent_exception_expired(one, input->today)) {
            evidence->exception = one->id;
            report->exceptions.items[i].excepts++;
            return;
        }
        evidence->detail = arena_printf(arena, "%s (the exception %s of %s expired on %s)", evidence->detail, one->id,
                                        one->owner, one->expires);
    }
}

static void list_exceptions(struct arena *arena, const struct fact_input *input, struct control_report *report)
{
    for (size_t i = 0; input->intent != NULL && i < input->intent->exceptions.count; i++) {
        const struct intent_exception *one = &input->intent->exceptions.items[i];
        *vector_add(arena, &report->exceptions) =
            (struct control_exception){.id = one->id,
                                       .control = one->control,
                                       .subject = one->subject,
                                       .owner = one->owner,
                                       .reason = one->reason,
                                       .expires = one->expires,
                                       .expired = intent_exception_expired(one, input->today)};
    }
}

// ---- What decided, in one line

static const char *and_more(struct arena *arena, const char *text, size_t count)
{
    return count > 1 ? arena_printf(arena, "%s (and %zu more)", text, count - 1) : text;
}

static const char *told(struct arena *arena, const struct control_evidence *evidence)
{
    const char *text = arena_printf(arena, "%s: %s", evidence->subject, evidence->detail);
    return evidence->exception == NULL ? text : arena_printf(arena, "%s (excepted: %s)", text, evidence->exception);
}

static const char *decide(struct arena *arena, const struct control *control)
{
    enum control_result wanted = control->result == CONTROL_EXCEPTED ? CONTROL_FAIL : control->result;
    const char *first = NULL;
    size_t count = 0;
    if (control->result == CONTROL_NOT_EVALUATED)
        return arena_printf(arena, "missing: %s", and_more(arena, control->missing.items[0], control->missing.count));
    for (size_t i = 0; i < control->evidence.count; i++) {
        const struct control_evidence *evidence = &control->evidence.items[i];
        if (evidence->result != wanted || (control->result == CONTROL_FAIL && evidence->exception != NULL))
            continue;
        if (count++ == 0)
            first = told(arena, evidence);
    }
    return first == NULL ? "there is nothing that it asks about" : and_more(arena, first, count);
}

// Whether some fact of it is of the account.
bool control_is_of_account(const struct pack_control *asked)
{
    for (size_t i = 0; i < asked->facts.count; i++)
        if (fact_named(asked->facts.items[i].name)->account)
            return true;
    return false;
}

bool pack_is_of_account(const struct pack *pack)
{
    for (size_t i = 0; i < pack->controls.count; i++)
        if (control_is_of_account(&pack->controls.items[i]))
            return true;
    return false;
}

static void judge_control(struct arena *arena, const struct fact_input *input, const struct pack_control *asked,
                          const struct controls_options *options, struct fact_memory *memory,
                          struct control_report *report, struct control *control)
{
    *control = (struct control){
        .id = asked->id,
        .title = asked->title,
        .text = asked->text,
        .source = asked->source,
        .severity = asked->severity,
        .crosswalk = asked->crosswalk,
    };
    struct map missing = {0};
    for (size_t i = 0; i < asked->facts.count; i++) {
        struct inquiry inquiry = {arena, input, &asked->facts.items[i], control, memory, &missing};
        const struct fact *fact = fact_named(asked->facts.items[i].name);
        if (options->account_only && !fact->account)
            answer_missing(&inquiry, "%s, which is of the network: `sgproof run` asks it", fact->name);
        else
            fact->answer(&inquiry);
    }
    for (size_t i = 0; input->intent != NULL && i < control->evidence.count; i++)
        if (control->evidence.items[i].result == CONTROL_FAIL)
            except(arena, input, control, &control->evidence.items[i], report);
    control->result = sum(control);
    control->decided = decide(arena, control);
}

static void add_principals(struct arena *arena, const struct fact_input *input, const struct account *account,
                           const struct access_map *map, const iam_identity_list *identities,
                           struct control_report *report)
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
        struct principal_access *told = &report->principals.items[report->principals.count - 1];
        told->permission_set = sign_in_permission_set(arena, &identities->items[i]);
        if (told->permission_set != NULL)
            sign_in_assigned(arena, account, told->permission_set, &told->assigned);
    }
}

static void list_principals(struct arena *arena, const struct fact_input *input, struct fact_memory *memory,
                            struct control_report *report)
{
    size_t count;
    void **accounts = map_values(arena, &input->estate->accounts, &count);
    for (size_t i = 0; i < count; i++) {
        const struct account *account = accounts[i];
        const struct access_map *map = fact_access(arena, memory, account);
        add_principals(arena, input, account, map, &account->users, report);
        add_principals(arena, input, account, map, &account->roles, report);
    }
}

void controls_judge(struct arena *arena, const struct fact_input *input, const struct controls_options *options,
                    struct control_report *report)
{
    struct fact_memory memory = {0};
    report->judged_on = input->today;
    list_exceptions(arena, input, report);
    for (size_t p = 0; p < options->pack_count; p++) {
        const struct pack *pack = options->packs[p];
        struct control_pack judged = {.id = pack->id,
                                      .title = pack->title,
                                      .source = pack->source,
                                      .version = pack->version,
                                      .scope = pack->scope};
        for (size_t i = 0; i < pack->controls.count; i++)
            if (!options->account_only || control_is_of_account(&pack->controls.items[i]))
                judge_control(arena, input, &pack->controls.items[i], options, &memory, report,
                              vector_add(arena, &judged.controls));
        if (judged.controls.count > 0)
            *vector_add(arena, &report->packs) = judged;
    }
    report->flows = memory.flows;
    if (options->account_only)
        list_principals(arena, input, &memory, report);
    else
        group_table(arena, input, report);
}
