// Which accounts are read, of an organization or a list, and by which role each is entered.
#include "aws/read/collector.h"
#include "aws/read/endpoint.h"
#include "base/log.h"

static bool lists(const struct name_list *names, const char *name)
{
    for (size_t i = 0; i < names->items.count; i++)
        if (strcmp(names->items.items[i], name) == 0)
            return true;
    return false;
}

static bool is_active(const char *state)
{
    return strcmp(state, "ACTIVE") == 0;
}

// State has taken the place of Status, which is told no more since September 2026. What is closed is left out by name,
// and a word that is not known is no reason to leave out an account silently.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html
static void take_accounts(struct call *call, const cJSON *document)
{
    static const char *const left_out[] = {"SUSPENDED", "PENDING_CLOSURE", "CLOSED", "PENDING_ACTIVATION", NULL};
    struct name_list *excluded = &call->collector->excluded;
    const cJSON *one;
    cJSON_ArrayForEach (one, cJSON_GetObjectItemCaseSensitive(document, "Accounts")) {
        const char *id = string_of(one, "Id"), *state = string_of(one, "State");
        state = state != NULL ? state : string_of(one, "Status");
        if (state != NULL && is_active(state))
            name_add(call, "Id", id, name_is_account, "an account of 12 digits");
        else if (state == NULL || !text_among(state, left_out) || id == NULL || !name_is_account(id))
            name_add(call, "State", state, is_active,
                     "ACTIVE, SUSPENDED, PENDING_CLOSURE, CLOSED or PENDING_ACTIVATION, and an account of 12 digits");
        else if (!lists(excluded, id))
            *vector_add(call->collector->arena, &excluded->items) = arena_strdup(call->collector->arena, id);
    }
}

static void take_units(struct call *call, const cJSON *document)
{
    const cJSON *one;
    cJSON_ArrayForEach (one, cJSON_GetObjectItemCaseSensitive(document, "OrganizationalUnits"))
        name_add(call, "Id", string_of(one, "Id"), collect_is_unit, "an organizational unit such as ou-ab12-cdef3456");
}

bool collect_is_unit(const char *text)
{
    enum { LONGEST = 68 };
    bool root = strncmp(text, "r-", 2) == 0, unit = strncmp(text, "ou-", 3) == 0;
    return (root || unit) && strlen(text) <= LONGEST &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(text);
}

// The accounts of an organizational unit, or the root, and of all units below it.
static bool ask_of_unit(struct collector *collector, const char *unit, struct name_list *accounts)
{
    const struct aws_call *of = call_of_operation("organizations", "ListAccountsForParent");
    const struct aws_call *below = call_of_operation("organizations", "ListOrganizationalUnitsForParent");
    struct name_list units = {0};
    struct map seen = {0};
    *vector_add(collector->arena, &units.items) = unit;
    for (size_t i = 0; i < units.items.count; i++) {
        struct parameter *parent = arena_new_of(collector->arena, struct parameter);
        *parent = (struct parameter){.name = "ParentId", .value = units.items.items[i]};
        if (map_get(&seen, parent->value) != NULL)
            continue;
        map_put(collector->arena, &seen, parent->value, parent);
        GUARD(call_ask(collector, &collector->self, of, take_accounts, parent, 1, accounts) &&
              call_ask(collector, &collector->self, below, take_units, parent, 1, &units));
    }
    return true;
}

static bool ask_of_all(struct collector *collector, struct name_list *accounts)
{
    const struct aws_call *list = call_of_operation("organizations", "ListAccounts");
    GUARD(call_ask(collector, &collector->self, list, take_accounts, NULL, 0, accounts));
    return accounts->items.count > 0 || // its management account at least is in it
           error_set(collector->error, ERROR_USAGE,
                     "ListAccounts: no active account in the answer, expected the organization's accounts, its "
                     "management account among them");
}

// What is left out is asked for before anything is read, so that nothing is by mistake.
static bool exclude(struct collector *collector, struct name_list *names)
{
    const struct collect_options *options = collector->options;
    struct arena *arena = collector->arena;
    struct name_list without = {0}, left = {0};
    for (size_t i = 0; i < options->excluded_count; i++) {
        const char *one = options->excluded[i];
        if (!name_is_account(one))
            GUARD(ask_of_unit(collector, one, &without));
        else if (lists(names, one))
            *vector_add(arena, &without.items) = one;
        else
            log_line(LOG_WARNING, "account %s, which is to be left out, is none of those that are read", one);
    }
    for (size_t i = 0; i < names->items.count; i++) {
        const char *name = names->items.items[i];
        if (!lists(&without, name))
            *vector_add(arena, &left.items) = name;
        else if (!lists(&collector->excluded, name))
            *vector_add(arena, &collector->excluded.items) = name;
    }
    uint32_t kept = 0; // one that is told of twice, once as closed, is read all the same
    for (size_t i = 0; i < collector->excluded.items.count; i++)
        if (!lists(&left, collector->excluded.items.items[i]))
            collector->excluded.items.items[kept++] = collector->excluded.items.items[i];
    collector->excluded.items.count = kept;
    sort_texts(collector->excluded.items.items, collector->excluded.items.count);
    *names = left;
    return names->items.count > 0 ||
           error_set(collector->error, ERROR_USAGE, "no active account is left to be read of the organization");
}

static bool find_accounts(struct collector *collector, struct name_list *names)
{
    const struct collect_options *options = collector->options;
    for (size_t i = 0; i < options->unit_count; i++)
        GUARD(ask_of_unit(collector, options->units[i], names));
    GUARD(!options->organization || options->unit_count > 0 || ask_of_all(collector, names));
    GUARD(!options->organization || exclude(collector, names));
    for (size_t i = 0; i < options->account_count; i++)
        *vector_add(collector->arena, &names->items) = options->accounts[i];
    if (!options->organization && options->account_count == 0)
        *vector_add(collector->arena, &names->items) = collector->self.id;
    sort_texts(names->items.items, names->items.count);
    return true;
}

// A pattern with each {account} and {partition} put in.
static const char *role_arn(struct arena *arena, const char *pattern, const char *account, const char *partition)
{
    struct text made = {0};
    for (const char *at = pattern; *at != '\0';) {
        bool is_account = strncmp(at, COLLECT_ACCOUNT, strlen(COLLECT_ACCOUNT)) == 0;
        bool is_partition = strncmp(at, COLLECT_PARTITION, strlen(COLLECT_PARTITION)) == 0;
        text_printf(&made, "%.*s", is_account || is_partition ? 64 : 1,
                    is_account     ? account
                    : is_partition ? partition
                                   : at);
        at += is_account ? strlen(COLLECT_ACCOUNT) : is_partition ? strlen(COLLECT_PARTITION) : 1;
    }
    const char *arn = arena_strdup(arena, made.bytes);
    text_free(&made);
    return arn;
}

// Our own account is entered as it is, unless one role is named; in another one the role is assumed.
static struct read_account *enter(struct collector *collector, const char *id, struct call **call)
{
    struct arena *arena = collector->arena;
    const struct role *role = &collector->options->role;
    *call = NULL;
    if (strcmp(id, collector->self.id) == 0 && (role->arn == NULL || strstr(role->arn, COLLECT_ACCOUNT) != NULL))
        return &collector->self;
    struct read_account *account = arena_new_of(arena, struct read_account);
    *account = (struct read_account){.id = id, .credentials = {.source = "a role"}, .role = *role};
    account->role.arn = role_arn(arena, role->arn, id, collector->collected->identity.partition);
    *call = role_start(collector, &account->role, &account->credentials);
    return account;
}

bool accounts_enter(struct collector *collector)
{
    struct arena *arena = collector->arena;
    struct name_list names = {0};
    GUARD(find_accounts(collector, &names));
    struct read_account **entered = arena_array(arena, struct read_account *, names.items.count + 1);
    struct call **calls = arena_array(arena, struct call *, names.items.count + 1);
    for (size_t i = 0; i < names.items.count; i++)
        if (i == 0 || strcmp(names.items.items[i - 1], names.items.items[i]) != 0)
            entered[i] = enter(collector, names.items.items[i], &calls[i]);
    calls_run(collector);
    for (size_t i = 0; i < names.items.count; i++) {
        if (entered[i] == NULL)
            continue;
        if (calls[i] == NULL || calls[i]->code == NULL) {
            *vector_add(arena, &collector->accounts) = entered[i];
        } else {
            calls[i]->account = entered[i]; // it is of that account that nothing is read
            note_unread(calls[i]);
        }
    }
    collector->collected->accounts = collector->accounts.count;
    return true;
}
