#include "cli/common.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "aws/snapshot.h"
#include "base/file.h"
#include "base/log.h"
#include "model/protocol.h"
#include "reconcile/drift.h"
#include "reconcile/plan.h"
#include "service_ports.h"

int cli_fail(const struct error *error)
{
    log_line(LOG_ERROR, "%s", error->message);
    return error->code == ERROR_NONE ? ERROR_USAGE : (int)error->code;
}

int cli_usage(const struct command *command, const char *message)
{
    log_line(LOG_ERROR, "%s; usage: sgproof %s %s", message, command->name, command->usage);
    return ERROR_USAGE;
}

bool cli_output(const struct options *options, const struct text *text, struct error *error)
{
    const char *path = options_value(options, "output");
    if (path != NULL && strcmp(path, "-") != 0)
        return file_write(path, text->bytes, text->length, error);
    if (fwrite(text->bytes, 1, text->length, stdout) != text->length || fflush(stdout) != 0)
        return error_set(error, ERROR_INCOMPLETE, "the output could not be written");
    return true;
}

bool cli_output_begin(const struct options *options, struct output *output, struct text *text, struct error *error)
{
    const char *path = options_value(options, "output");
    output->is_file = path != NULL && strcmp(path, "-") != 0;
    if (output->is_file && !file_begin(&output->draft, path, error))
        return false;
    *text = (struct text){.sink = output->is_file ? output->draft.stream : stdout};
    return true;
}

bool cli_output_end(struct output *output, struct text *text, struct error *error)
{
    text_flush(text);
    text_free(text);
    if (output->is_file)
        return file_commit(&output->draft, error);
    if (fflush(stdout) != 0 || ferror(stdout))
        return error_set(error, ERROR_INCOMPLETE, "the output could not be written");
    return true;
}

void cli_output_abandon(struct output *output, struct text *text)
{
    text_free(text);
    if (output->is_file)
        file_abandon(&output->draft);
}

bool cli_format(const struct options *options, const char *formats, const char **format, struct error *error)
{
    const char *wanted = options_value(options, "format");
    *format = "text";
    if (wanted == NULL)
        return true;
    size_t length = strlen(wanted);
    for (const char *at = formats; (at = strstr(at, wanted)) != NULL; at++)
        if (length > 0 && (at == formats || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0')) {
            *format = wanted;
            return true;
        }
    return error_set(error, ERROR_USAGE, "--format %s: expected one of: %s", wanted, formats);
}

bool cli_colour(const struct options *options)
{
    const char *no_colour = getenv("NO_COLOR");
    return options_value(options, "output") == NULL && isatty(STDOUT_FILENO) &&
           (no_colour == NULL || no_colour[0] == '\0');
}

bool cli_declared(const char *folder, struct declared *declared, struct error *error)
{
    GUARD(cli_declared_any(folder, declared, error));
    if (estate_has_network(declared->estate))
        return true;
    cli_declared_free(declared);
    return error_set(error, ERROR_USAGE,
                     "%s: holds documents of an account, and none of a network such as NetworkInterfaces or "
                     "SecurityGroups: sgproof account judges it",
                     folder);
}

bool cli_declared_any(const char *folder, struct declared *declared, struct error *error)
{
    declared->estate = snapshot_read(folder, error);
    if (declared->estate == NULL)
        return false;
    for (size_t i = 0; i < declared->estate->notes.count; i++)
        log_line(LOG_DEBUG, "%s", declared->estate->notes.items[i]);
    for (size_t i = 0; i < declared->estate->ignored.count; i++)
        log_line(LOG_DEBUG, "%s %s", declared->estate->ignored.items[i].file, declared->estate->ignored.items[i].why);
    declared->exposures = reach_compute(declared->estate);
    return true;
}

void cli_declared_free(struct declared *declared)
{
    exposure_set_free(declared->exposures);
    estate_free(declared->estate);
    *declared = (struct declared){0};
}

bool cli_say_missing(const struct exposure_set *set)
{
    enum { SHOWN = 20 };
    struct arena *arena = arena_new();
    text_list gaps = exposure_set_gaps(arena, set);
    for (size_t i = 0; i < gaps.count && i < SHOWN; i++)
        log_line(LOG_WARNING, "incomplete: %s", gaps.items[i]);
    if (gaps.count > SHOWN)
        log_line(LOG_WARNING, "incomplete: %u more: sgproof compute --format json lists all", gaps.count - SHOWN);
    for (size_t i = 0; i < set->assumptions.count; i++)
        log_line(LOG_DEBUG, "assumed: %s", set->assumptions.items[i]);
    arena_free(arena);
    return exposure_set_complete(set);
}

static const char *listed(struct arena *arena, enum family family, struct prefixset sources, size_t *count)
{
    enum { SHOWN = 3 };
    struct prefix *prefixes = prefixset_prefixes(arena, family, sources, count);
    const char *text = "";
    for (size_t i = 0; i < *count && i < SHOWN; i++) {
        char one[ADDRESS_TEXT];
        prefix_format(prefixes[i], one);
        text = arena_printf(arena, "%s%s%s", text, i > 0 ? ", " : "", one);
    }
    return *count > SHOWN ? arena_printf(arena, "%s and %zu more", text, *count - SHOWN) : text;
}

const char *cli_sources(struct arena *arena, enum family family, struct prefixset sources)
{
    size_t count, but_count;
    struct prefixset all = prefixset_all(arena, family);
    const char *plain = listed(arena, family, sources, &count);
    const char *but = listed(arena, family, prefixset_subtract(arena, all, sources), &but_count);
    if (count <= 3 || but_count > 3)
        return plain;
    return arena_printf(arena, "%s but %s", family == FAMILY_IPV4 ? "0.0.0.0/0" : "::/0", but);
}

const char *cli_numbers(struct arena *arena, const struct exposure *exposure)
{
    if (protocol_has_ports(exposure->protocol_low))
        return portset_format(arena, portset_of(arena, exposure->low, exposure->high));
    if (!protocol_is_icmp(exposure->protocol_low) || (exposure->low == 0 && exposure->high == PORT_LAST))
        return "all";
    const char *from = arena_printf(arena, "%d", exposure->low >> 8),
               *to = arena_printf(arena, "%d", exposure->high >> 8);
    const char *types = strcmp(from, to) == 0 ? from : arena_printf(arena, "%s-%s", from, to);
    if ((exposure->low & 255) == 0 && (exposure->high & 255) == 255)
        return arena_printf(arena, "type %s", types);
    return arena_printf(arena, "type %s code %d-%d", types, exposure->low & 255, exposure->high & 255);
}

bool cli_intent(struct arena *arena, const struct options *options, struct intent **intent, struct error *error)
{
    const char *file = options_value(options, "intent");
    *intent = file == NULL ? NULL : intent_read(arena, file, error);
    return file == NULL || *intent != NULL;
}

static bool add_pack(struct arena *arena, const char *file, const char *bytes, size_t length, struct pack_list *packs,
                     struct error *error)
{
    const struct pack *pack = pack_parse(arena, file, bytes, length, error);
    if (pack == NULL)
        return false;
    for (size_t i = 0; i < packs->items.count; i++)
        if (strcmp(packs->items.items[i].pack->id, pack->id) == 0)
            return error_set(error, ERROR_USAGE, "--pack %s: \"%s\" is the id of another pack too", file, pack->id);
    if (pack->id[0] == '.' || strpbrk(pack->id, "/\\") != NULL || pack->id[0] == '\0')
        return error_set(error, ERROR_USAGE, "%s: id: \"%s\" cannot name a file", file, pack->id);
    *vector_add(arena, &packs->items) = (struct pack_source){pack, bytes, length};
    return true;
}

bool cli_packs(struct arena *arena, const struct options *options, struct pack_list *packs, struct error *error)
{
    const struct option_values *given = options_values(options, "pack");
    for (const struct built_in_pack *one = built_in_packs; given->items.count == 0 && one->id != NULL; one++)
        GUARD(add_pack(arena, one->id, one->bytes, one->length, packs, error));
    for (size_t i = 0; i < given->items.count; i++) {
        const char *name = given->items.items[i];
        const struct built_in_pack *one = built_in_packs;
        while (one->id != NULL && strcmp(one->id, name) != 0)
            one++;
        if (one->id != NULL) {
            GUARD(add_pack(arena, one->id, one->bytes, one->length, packs, error));
            continue;
        }
        size_t length;
        char *bytes = file_read(name, &length, error);
        if (bytes == NULL)
            return false;
        char *kept = arena_alloc(arena, length + 1);
        memcpy(kept, bytes, length);
        free(bytes);
        GUARD(add_pack(arena, name, kept, length, packs, error));
    }
    return true;
}

void cli_forget(char *secret)
{
    if (secret != NULL)
        OPENSSL_cleanse(secret, strlen(secret));
    free(secret);
}

bool cli_passphrase(const struct options *options, char **passphrase, struct error *error)
{
    const char *file = options_value(options, "passphrase-file");
    size_t length;
    *passphrase = NULL;
    if (file == NULL)
        return true;
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); // a core would hold it
    *passphrase = file_read(file, &length, error);
    if (*passphrase == NULL)
        return false;
    char *end = *passphrase + strcspn(*passphrase, "\r\n");
    OPENSSL_cleanse(end, length - (size_t)(end - *passphrase));
    if ((*passphrase)[0] != '\0')
        return true;
    cli_forget(*passphrase);
    *passphrase = NULL;
    return error_set(error, ERROR_USAGE, "%s: its first line is empty, expected a passphrase", file);
}

bool cli_depth(const char *depth, enum plan_depth *chosen, struct error *error)
{
    static const char *const depths[] = {"declared", "standard", "full"};
    *chosen = DEPTH_STANDARD;
    for (int i = 0; i < 3 && depth != NULL; i++)
        if (strcmp(depths[i], depth) == 0) {
            *chosen = (enum plan_depth)i;
            return true;
        }
    return depth == NULL || error_set(error, ERROR_USAGE, "--depth %s: expected declared, standard or full", depth);
}

bool cli_plan(struct arena *arena, const char *depth, const struct declared *declared,
              const struct exposure_set *narrowed, const struct intent *intent, const struct vantage_list *vantages,
              struct plan *plan, struct verdict_set *coverage, struct error *error)
{
    static const char *const unseen[] = {"IPv4 endpoints (no IPv4 vantage)", "IPv6 endpoints (no IPv6 vantage)"};
    struct plan_options chosen = {0};
    GUARD(cli_depth(depth, &chosen.depth, error));
    if (!portset_parse(arena, SERVICE_PORTS, &chosen.service_ports))
        return error_set(error, ERROR_USAGE, "the built-in service ports are no list of ports");
    chosen.udp_ports = probe_udp_ports(arena);
    chosen.intent_ports = intent == NULL ? portset_empty : intent_ports(arena, intent);
    plan_make(arena, declared->estate, narrowed, FAMILY_IPV4, &chosen, plan, coverage);
    plan_make(arena, declared->estate, narrowed, FAMILY_IPV6, &chosen, plan, coverage);
    size_t left_out[2] = {0};
    for (size_t i = 0; i < declared->exposures->endpoints.count; i++)
        left_out[declared->exposures->endpoints.items[i].address.family == FAMILY_IPV6]++;
    for (size_t i = 0; i < narrowed->endpoints.count; i++)
        left_out[narrowed->endpoints.items[i].address.family == FAMILY_IPV6]--;
    for (int f = 0; f < 2; f++)
        if (left_out[f] > 0 && vantages->items.count > 0)
            *vector_add(arena, &coverage->gaps) = (struct coverage_gap){unseen[f], left_out[f]};
    return true;
}

bool cli_add_canary(struct arena *arena, const char *text, struct plan *plan, struct error *error)
{
    struct vantage parsed; // ADDRESS:PORT is read as a client's address and ports are
    bool one = cli_vantage(arena, text, &parsed, error) && prefixset_is_empty(parsed.targets) &&
               portset_size(parsed.client_ports) == 1;
    struct plan_target target = {.address = parsed.address,
                                 .protocol = PROTOCOL_TCP,
                                 .ports = parsed.client_ports,
                                 .client_ports = portset_all,
                                 .expect = DECLARED_POSSIBLE,
                                 .spare = true,
                                 .canary = true};
    if (!one)
        return error_set(error, ERROR_USAGE, "--canary %s: expected ADDRESS:PORT or [IPV6]:PORT", text);
    *vector_add(arena, &target.why) = "canary";
    *vector_add(arena, &plan->targets) = target;
    return true;
}

bool cli_canaries(struct arena *arena, const struct options *options, struct plan *plan, text_list *canaries,
                  struct error *error)
{
    const struct option_values *given = options_values(options, "canary");
    for (size_t i = 0; i < given->items.count; i++) {
        GUARD(cli_add_canary(arena, given->items.items[i], plan, error));
        if (canaries != NULL)
            *vector_add(arena, canaries) = given->items.items[i];
    }
    return true;
}

bool cli_only_estimate(const struct options *options)
{
    return options_value(options, "estimate") != NULL || options_value(options, "dry-run") != NULL;
}

bool cli_speed(const struct options *options, struct probe_speed *speed, struct error *error)
{
    return options_integer(options, "rate", 1, 1000000, 10000, &speed->rate, error) &&
           options_integer(options, "host-rate", 1, 1000000, 2000, &speed->host_rate, error) &&
           options_integer(options, "tries", 1, 10, 3, &speed->tries, error) &&
           options_integer(options, "timeout", 50, 60000, 1000, &speed->timeout_ms, error);
}

struct plan_head cli_plan_head(struct arena *arena, const struct plan *plan, const struct vantage_list *vantages,
                               const struct probe_speed *speed)
{
    struct probe_estimate estimate = probe_estimate(arena, plan, speed);
    struct plan_head head = {.vantage = cli_vantages_text(arena, vantages),
                             .questions = estimate.questions,
                             .packets = estimate.packets,
                             .seconds = estimate.seconds,
                             .rate = speed->rate,
                             .host_rate = speed->host_rate,
                             .tries = speed->tries,
                             .timeout_ms = speed->timeout_ms};
    for (size_t i = 0; i < vantages->items.count; i++) {
        *vector_add(arena, &head.vantages) = cli_vantage_text(arena, &vantages->items.items[i]);
        *vector_add(arena, &head.vantages_learnt) = vantages->items.items[i].learnt;
    }
    return head;
}

void cli_write_estimate(const struct plan *plan, const struct plan_head *head, struct text *out)
{
    struct arena *arena = arena_new();
    struct map addresses = {0};
    for (size_t i = 0; i < plan->targets.count; i++) {
        char text[ADDRESS_TEXT];
        address_format(plan->targets.items[i].address, text);
        if (!plan->targets.items[i].spare)
            map_put(arena, &addresses, arena_strdup(arena, text), &addresses);
    }
    text_printf(
        out,
        "%zu address%s, %llu questions: about %llu packets, about %.0f s at %ld packets/s (%ld to one address); "
        "nothing was sent\n",
        addresses.count, addresses.count == 1 ? "" : "es", (unsigned long long)head->questions,
        (unsigned long long)head->packets, head->seconds, head->rate, head->host_rate);
    for (size_t i = 0; i < head->vantages.count; i++)
        text_printf(out, "from %s (%s)\n", head->vantages.items[i], head->vantages_learnt.items[i]);
    arena_free(arena);
}

bool cli_probe_options(struct arena *arena, const struct options *options, struct probe_options *probe,
                       struct error *error)
{
    const struct option_values *only = options_values(options, "only");
    struct prefix *prefixes = arena_array(arena, struct prefix, only->items.count + 1);
    for (size_t i = 0; i < only->items.count; i++)
        if (prefix_parse(only->items.items[i], true, &prefixes[i]) != PREFIX_OK)
            return error_set(error, ERROR_USAGE, "--only %s: expected a CIDR without host bits", only->items.items[i]);
    static const char *const methods[] = {"auto", "syn", "connect", NULL};
    const char *method = options_value(options, "method");
    long seed;
    struct probe_route route;
    GUARD(cli_route(options, &route, error));
    *probe = (struct probe_options){.only = prefixes,
                                    .route = route,
                                    .only_count = only->items.count,
                                    .progress = options_value(options, "quiet") != NULL ? PROBE_QUIET
                                                : isatty(STDERR_FILENO)                 ? PROBE_DRAWN
                                                                                        : PROBE_LINES};
    if (method != NULL && !text_among(method, methods))
        return error_set(error, ERROR_USAGE, "--method %s: expected auto, syn or connect", method);
    probe->method = method == NULL || method[0] == 'a' ? PROBE_AUTO : method[0] == 's' ? PROBE_SYN : PROBE_CONNECT;
    struct probe_speed speed;
    if (!cli_speed(options, &speed, error) ||
        !options_integer(options, "services-deadline", 1, 86400, 300, &probe->services_deadline_s, error) ||
        !options_integer(options, "progress", 0, 86400, 30, &probe->progress_s, error) ||
        !options_integer(options, "seed", 0, UINT32_MAX, 0, &seed, error))
        return false;
    probe->rate = speed.rate;
    probe->host_rate = speed.host_rate;
    probe->tries = speed.tries;
    probe->timeout_ms = speed.timeout_ms;
    probe->seed = (uint64_t)seed;
    probe->services = options_value(options, "services") != NULL;
    return true;
}

void cli_say_probed(const struct probe_summary *summary)
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

bool cli_date(struct arena *arena, const struct options *options, const char **date, struct error *error)
{
    const char *given = options_value(options, "date");
    struct tm parts = {0};
    if (given == NULL) {
        time_t now = time(NULL);
        gmtime_r(&now, &parts);
        char text[16];
        strftime(text, sizeof(text), "%Y-%m-%d", &parts);
        *date = arena_strdup(arena, text);
        return true;
    }
    const char *end = strptime(given, "%Y-%m-%d", &parts);
    *date = given;
    return (end != NULL && *end == '\0' && strlen(given) == 10) ||
           error_set(error, ERROR_USAGE, "--date %s: expected YYYY-MM-DD", given);
}

static bool fail_on_word(struct arena *arena, const char *word, struct fail_on *fail_on, struct error *error)
{
    enum severity severity;
    if (strcmp(word, "none") == 0)
        return true;
    if (severity_parse(word, &severity)) {
        fail_on->least = fail_on->severity && fail_on->least > severity ? fail_on->least : severity;
        fail_on->severity = true;
        return true;
    }
    if (strncmp(word, "control:", 8) == 0 && word[8] != '\0') {
        *vector_add(arena, &fail_on->controls) = word + 8;
        return true;
    }
    for (int i = 0; i < VERDICT_KINDS; i++)
        if (strcmp(word, verdict_names[i]) == 0)
            return fail_on->verdicts[i] = true;
    return error_set(
        error, ERROR_USAGE,
        "--fail-on %s: expected critical, high, medium, low, info, a verdict such as undeclared, control:ID, "
        "or none",
        word);
}

bool cli_fail_on(struct arena *arena, const struct options *options, struct fail_on *fail_on, struct error *error)
{
    const struct option_values *given = options_values(options, "fail-on");
    *fail_on = (struct fail_on){.severity = given->items.count == 0, .least = SEVERITY_HIGH};
    for (size_t i = 0; i < given->items.count; i++) {
        char *copy = arena_strdup(arena, given->items.items[i]), *rest = NULL;
        char *word = strtok_r(copy, ",", &rest);
        if (word == NULL)
            return fail_on_word(arena, "", fail_on, error);
        for (; word != NULL; word = strtok_r(NULL, ",", &rest))
            GUARD(fail_on_word(arena, word, fail_on, error));
    }
    return true;
}

int cli_status_of(bool complete, bool findings)
{
    enum { FINDINGS = 1, INCOMPLETE_WITH_FINDINGS = 4 };
    return complete ? (findings ? FINDINGS : 0) : findings ? INCOMPLETE_WITH_FINDINGS : ERROR_INCOMPLETE;
}

static bool has_findings(const struct verdict_set *set, const struct control_report *controls,
                         const struct fail_on *fail_on)
{
    for (size_t i = 0; i < set->items.count; i++) {
        const struct verdict *verdict = &set->items.items[i];
        if ((fail_on->severity && verdict->severity <= fail_on->least) || fail_on->verdicts[verdict->kind])
            return true;
    }
    for (size_t i = 0; controls != NULL && i < fail_on->controls.count; i++)
        if (controls_failed(controls, fail_on->controls.items[i]))
            return true;
    return false;
}

int cli_status(const struct verdict_set *set, const struct control_report *controls, const struct fail_on *fail_on)
{
    return cli_status_of(set->complete, has_findings(set, controls, fail_on));
}

bool cli_is_silent(const struct options *options, const char *format, int status)
{
    return status == 0 && strcmp(format, "text") == 0 && options_value(options, "quiet") != NULL &&
           options_value(options, "output") == NULL;
}

bool cli_baseline_read(struct arena *arena, const struct options *options, const struct verdict_set **baseline,
                       struct error *error)
{
    const char *path = options_value(options, "baseline");
    struct stat about;
    *baseline = NULL;
    if (path == NULL)
        return true;
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode))
        path = arena_printf(arena, "%s/verdicts.json", path);
    struct verdict_set *set = arena_new_of(arena, struct verdict_set);
    *baseline = set;
    return verdicts_read(arena, path, set, error);
}

struct verdict_set cli_baseline_fresh(struct arena *arena, const struct verdict_set *set,
                                      const struct verdict_set *baseline)
{
    struct verdict_set fresh = *set;
    size_t known;
    if (baseline == NULL)
        return fresh;
    drift_since(arena, set, baseline, &fresh, &known);
    log_line(LOG_INFO, "%zu ports are as in the baseline and not reported", known);
    return fresh;
}
