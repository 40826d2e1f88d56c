#include "aws/read/collect.h"

#include <errno.h>
#include <unistd.h>

#include "aws/read/collector.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

static void read_accounts(struct collector *collector)
{
    for (size_t a = 0; a < collector->accounts.count; a++) {
        const struct read_account *account = collector->accounts.items[a];
        if (!collector->options->network_only) {
            table_begin(collector, account, CALL_ACCOUNT);
            table_begin(collector, account, CALL_GUARDRAIL);
        }
        table_begin(collector, account, CALL_ONCE);
        table_begin(collector, account, CALL_REGION);
    }
    calls_run(collector);
    if (!collector->options->network_only)
        organization_begin(collector);
    for (size_t a = 0; a < collector->accounts.count; a++)
        table_begin(collector, collector->accounts.items[a], CALL_LAST);
    calls_run(collector);
}

static bool collect_into_folder(struct collector *collector)
{
    const char *folder = collector->options->folder;
    if (access(folder, F_OK) == 0)
        return error_set(collector->error, ERROR_USAGE, "%s: is there already, and is not written over", folder);
    const struct identity *identity = &collector->collected->identity;
    char expires[CLOCK_TEXT];
    clock_format((uint64_t)identity->expires * 1000000, expires);
    log_line(LOG_INFO, "reads as %s, account %s, by credentials from %s%s%s", identity->arn, identity->account,
             identity->source, identity->expires > 0 ? ", until " : "", identity->expires > 0 ? expires : "");
    if (!regions_find(collector) || !accounts_enter(collector))
        return false;
    collector->folder = arena_printf(collector->arena, "%s.tmp-%ld", folder, (long)getpid());
    if (!file_make_folder(collector->folder, collector->error))
        return false;
    read_accounts(collector);
    if (!collector->failed)
        references_read_missing(collector);
    settle_unread(collector);
    bool good = !collector->failed && record_write(collector);
    if (good && rename(collector->folder, folder) != 0)
        good = error_system(collector->error, ERROR_INCOMPLETE, errno, "%s: cannot be made", folder);
    if (!good)
        file_remove_tree(collector->folder);
    return good;
}

bool collect(struct arena *arena, const struct collect_options *options, struct collected *collected,
             struct error *error)
{
    struct collector collector = {
        .arena = arena,
        .options = options,
        .collected = collected,
        .error = error,
        .home = options->home,
        .began_us = clock_wall_us(),
    };
    struct client_options client = options->client;
    *collected = (struct collected){0};
    uv_loop_init(&collector.loop);
    collector.model = model_new();
    client.renew = credentials_renew;
    client.context = &collector;
    client.deadline = collect_deadline(options);
    collector.client = client_new(&collector.loop, &client);
    const char *role = options->role.arn;
    bool one_role = role != NULL && strstr(role, COLLECT_ACCOUNT) == NULL;
    bool good = identity_find(&collector) &&
                (options->folder != NULL ? collect_into_folder(&collector) : !one_role || identity_of_role(&collector));
    client_free(collector.client);
    model_free(collector.model);
    uv_loop_close(&collector.loop);
    return good;
}
