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
#include "net/sockaddr.h"
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

bool cli_vantage(struct arena *arena, const char *text, struct vantage *vantage, struct error *error)
{
    *vantage = (struct vantage){.client_ports = portset_all};
    if (address_parse(text, &vantage->address))
        return true;
    const char *colon = strrchr(text, ':');
    char *address = colon == NULL ? NULL : arena_strndup(arena, text, (size_t)(colon - text));
    if (address != NULL && address[0] == '[' && address[strlen(address) - 1] == ']') {
        address[strlen(address) - 1] = '\0';
        address++;
    }
    if (address == NULL || !address_parse(address, &vantage->address) ||
        !portset_parse(arena, colon + 1, &vantage->client_ports))
        return error_set(error, ERROR_USAGE, "--vantage %s: expected ADDRESS, ADDRESS:LOW-HIGH or [IPV6]:LOW-HIGH",
                         text);
    return true;
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

bool cli_vantages(struct arena *arena, const struct options *options, struct vantage_list *vantages,
                  struct error *error)
{
    const struct option_values *values = options_values(options, "vantage");
    for (size_t i = 0; i < values->items.count; i++) {
        struct vantage vantage;
        if (!cli_vantage(arena, values->items.items[i], &vantage, error))
            return false;
        for (size_t v = 0; v < vantages->items.count; v++)
            if (vantages->items.items[v].address.family == vantage.address.family)
                return error_set(error, ERROR_USAGE, "--vantage: two of the same address family");
        *vector_add(arena, &vantages->items) = vantage;
    }
    return true;
}

bool cli_own_vantages(struct arena *arena, const struct exposure_set *set, struct vantage_list *vantages,
                      struct error *error)
{
    bool have[2] = {false, false};
    const char *inner = NULL; // own addresses that are none of the internet's
    for (size_t i = 0; i < set->endpoints.count; i++) {
        struct prefix endpoint = set->endpoints.items[i].address;
        struct address to = {.family = endpoint.family, .bits = endpoint.first}, own;
        if (have[to.family == FAMILY_IPV6] || !sockaddr_source(to, &own))
            continue;
        have[to.family == FAMILY_IPV6] = true;
        if (prefixset_holds(prefixset_internet(arena, own.family), own.bits)) {
            *vector_add(arena, &vantages->items) = (struct vantage){own, portset_all};
            continue;
        }
        char text[ADDRESS_TEXT];
        address_format(own, text);
        inner = inner == NULL ? arena_strdup(arena, text) : arena_printf(arena, "%s, %s", inner, text);
    }
    return inner == NULL || vantages->items.count > 0 ||
           error_set(error, ERROR_USAGE,
                     "this machine's own address towards the endpoints is %s, which is not the one that the internet "
                     "sees: give that, --vantage ADDRESS",
                     inner);
}

const char *cli_vantages_text(struct arena *arena, const struct vantage_list *vantages)
{
    const char *text = NULL;
    for (size_t i = 0; i < vantages->items.count; i++) {
        char one[ADDRESS_TEXT];
        address_format(vantages->items.items[i].address, one);
        text = text == NULL ? arena_strdup(arena, one) : arena_printf(arena, "%s, %s", text, one);
    }
    return text;
}

const char *cli_vantage_text(struct arena *arena, const struct vantage *vantage)
{
    char address[ADDRESS_TEXT];
    address_format(vantage->address, address);
    if (portset_equal(vantage->client_ports, portset_all))
        return arena_strdup(arena, address);
    bool brackets = vantage->address.family == FAMILY_IPV6;
    return arena_printf(arena, "%s%s%s:%s", brackets ? "[" : "", address, brackets ? "]" : "",
                        portset_format(arena, vantage->client_ports));
}

struct exposure_set *cli_narrow(const struct exposure_set *set, const struct vantage_list *vantages)
{
    return vantages->items.count == 0 ? reach_from_internet(set)
                                      : reach_from_vantages(set, vantages->items.items, vantages->items.count);
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
    *probe = (struct probe_options){.only = prefixes,
                                    .only_count = only->items.count,
                                    .progress = isatty(STDERR_FILENO) && options_value(options, "quiet") == NULL};
    if (method != NULL && !text_among(method, methods))
        return error_set(error, ERROR_USAGE, "--method %s: expected auto, syn or connect", method);
    probe->method = method == NULL || method[0] == 'a' ? PROBE_AUTO : method[0] == 's' ? PROBE_SYN : PROBE_CONNECT;
    if (!options_integer(options, "rate", 1, 1000000, 10000, &probe->rate, error) ||
        !options_integer(options, "host-rate", 1, 1000000, 2000, &probe->host_rate, error) ||
        !options_integer(options, "tries", 1, 10, 3, &probe->tries, error) ||
        !options_integer(options, "timeout", 50, 60000, 1000, &probe->timeout_ms, error) ||
        !options_integer(options, "seed", 0, UINT32_MAX, 0, &seed, error))
        return false;
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
