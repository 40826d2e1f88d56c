#include "cli/confine.h"
#include "cli/commands.h"
#include "cli/gaps_text.h"
#include "cli/judged_by.h"
#include "cli/output.h"
#include "base/log.h"
#include "cli/inside.h"
#include "pipeline/outside_places.h"
#include "pipeline/past.h"
#include "cli/probing.h"
#include "model/protocol.h"
#include "report/report.h"
#include "rules/reach/reach.h"

static const struct option_spec options_of_plan[] = {
    OPTION_FORMAT("json|text", "of the plan (default json: the lines that `probe` reads)"),
    OPTION_VANTAGE,
    OPTION_VANTAGE_INTERFACE,
    OPTIONS_LEARN,
    OPTION_DEPTH,
    OPTION_INTENT,
    {"previous", 0, "EVIDENCE", "ask again what this earlier evidence saw answer, at every depth", true},
    OPTION_CANARY,
    {"outbound", 0, "ADDRESS:PORT",
     "with --vantage-interface: a TCP port of yours on the internet that answers, to see whether it is let out there",
     true},
    OPTION_SHARD,
    OPTIONS_SPEED,
    OPTIONS_ESTIMATE,
    OPTIONS_END,
};

static void write_text(const struct plan *plan, const struct verdict_set *coverage, struct text *out)
{
    struct arena *arena = arena_new();
    for (size_t i = 0; i < plan->targets.count; i++, arena_reset(arena)) {
        const struct plan_target *target = &plan->targets.items[i];
        char address[ADDRESS_TEXT];
        address_format(target->address, address);
        text_printf(out, "%-15s %-6s %-12s %6zu ports  ", address, protocol_name(arena, target->protocol),
                    declared_names[target->expect], portset_size(target->ports));
        for (size_t w = 0; w < target->why.count; w++)
            text_printf(out, "%s%s", w > 0 ? ", " : "", report_clean(arena, target->why.items[w]));
        text_puts(out, "\n");
    }
    for (size_t i = 0; i < coverage->gaps.count; i++)
        text_printf(out, "Not asked: %zu × %s\n", coverage->gaps.items[i].count,
                    report_clean(arena, coverage->gaps.items[i].what));
    arena_free(arena);
}

static bool write_plan(const struct options *options, const struct plan *plan, const struct plan_head *head,
                       const struct verdict_set *coverage, bool as_text, struct error *error)
{
    bool only_head = cli_only_estimate(options);
    struct output output;
    struct text out;
    GUARD(cli_output_begin(options, &output, &out, error));
    if (!as_text)
        plan_head_write(plan, head, &out);
    if (as_text && only_head)
        planning_write_estimate(plan, head, &out);
    else if (as_text)
        write_text(plan, coverage, &out);
    else if (!only_head)
        plan_write(plan, &out);
    return cli_output_end(&output, &out, error);
}

// What --previous, repeatable, saw answer.
static bool read_previous(struct arena *arena, const struct options *options, struct answered *answered,
                          struct error *error)
{
    const struct option_values *given = options_values(options, "previous");
    for (size_t i = 0; i < given->items.count; i++) {
        struct answered one = {0};
        GUARD(past_answers(arena, given->items.items[i], &one, error));
        answered_join(arena, answered, &one);
    }
    return true;
}

// What a plan is made of.
struct plan_job {
    struct arena *arena;
    const struct options *options;
    const char *format;
    struct intent *intent;
    struct answered answered;
    struct vantage_list vantages;
    struct probe_speed speed;
    const struct cli_inside *inside; // where somebody asks from inside, or NULL
};

// Says which planned addresses are of one machine: an instance, or an interface.
static void put_hosts_together(struct arena *arena, const struct exposure_set *set, struct plan *plan)
{
    struct map machines = {0};
    for (size_t i = 0; i < plan->targets.count; i++) {
        const struct plan_target *target = &plan->targets.items[i];
        if (target->spare || (i > 0 && address_equal(target->address, plan->targets.items[i - 1].address)))
            continue;
        const struct endpoint *endpoint = exposure_endpoint(set, target->address);
        if (endpoint == NULL || endpoint->outside)
            continue;
        const struct network_interface *interface = endpoint->interface;
        const char *id = interface->instance_id != NULL ? interface->instance_id : interface->id;
        host_addresses *host = map_get(&machines, id);
        if (host == NULL) {
            host = arena_new_of(arena, host_addresses);
            map_put(arena, &machines, id, host);
        }
        *vector_add(arena, host) = target->address;
    }
    map_slots sorted = map_sorted(arena, &machines);
    for (size_t i = 0; i < sorted.count; i++) {
        const host_addresses *host = sorted.items[i]->value;
        if (host->count > 1)
            *vector_add(arena, &plan->hosts) = *host;
    }
}

// --outbound, which goes by what leaves.
static bool add_outbound(struct plan_job *job, struct plan *plan, struct error *error)
{
    const struct option_values *given = options_values(job->options, "outbound");
    for (size_t i = 0; i < given->items.count; i++)
        GUARD(outside_places_plan(job->arena, job->inside->view, &job->vantages, given->items.items[i], plan, error));
    return true;
}

static int make_plan(struct plan_job *job, const struct declared *declared)
{
    struct arena *arena = job->arena;
    struct error error = {0};
    struct plan plan = {0};
    struct verdict_set coverage = {0};
    struct exposure_set *narrowed = vantages_narrow(declared->exposures, &job->vantages);
    int status;
    if (!planning_make(arena, options_value(job->options, "depth"), declared, narrowed, job->intent, NULL,
                       &job->answered, &job->vantages, &plan, &coverage, &error) ||
        !add_outbound(job, &plan, &error) || !cli_canaries(arena, job->options, &plan, NULL, &error) ||
        !planning_canaries_apart(&plan, declared->exposures, &error)) {
        status = cli_fail(&error);
    } else {
        put_hosts_together(arena, declared->exposures, &plan);
        if (!cli_shard(arena, job->options, &plan, &error)) {
            exposure_set_free(narrowed);
            return cli_fail(&error);
        }
        bool as_text = options_value(job->options, "format") != NULL && strcmp(job->format, "text") == 0;
        struct plan_head head = planning_head(arena, &plan, &job->vantages, &job->speed);
        if (job->inside != NULL) {
            head.vantage_interface = job->inside->asker->id;
            head.vantage_instance = job->inside->asker->instance_id;
            cli_inside_gaps(arena, job->inside, &coverage);
        }
        bool written = write_plan(job->options, &plan, &head, &coverage, as_text, &error);
        for (size_t i = 0; i < coverage.gaps.count; i++)
            log_line(LOG_INFO, "not asked: %zu × %s", coverage.gaps.items[i].count, coverage.gaps.items[i].what);
        bool complete = cli_say_missing(declared->exposures);
        status = !written ? cli_fail(&error) : complete ? 0 : ERROR_INCOMPLETE;
    }
    exposure_set_free(narrowed);
    return status;
}

static int plan_outside(struct plan_job *job, const char *folder)
{
    struct error error = {0};
    struct declared declared = {0};
    if (!declared_read(folder, &declared, &error))
        return cli_fail(&error);
    struct vantage_list own = {.automatic = job->vantages.automatic};
    struct vantage_search search;
    bool good =
        job->vantages.items.count > 0 || (cli_search(job->options, &search, &error) &&
                                          vantages_find_own(job->arena, &search, declared.exposures, &own, &error));
    if (job->vantages.items.count == 0)
        job->vantages = own;
    int status = good ? make_plan(job, &declared) : cli_fail(&error);
    declared_free(&declared);
    return status;
}

static int plan_inside(struct plan_job *job, const char *folder)
{
    static const char *const others[] = {"vantage", "vantage-url", "source", "interface"};
    struct error error = {0};
    struct cli_inside inside;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (options_value(job->options, others[i]) != NULL)
            return cli_usage(&command_plan, "--vantage-interface says from where is asked: no --vantage, "
                                            "--vantage-url, --source or --interface goes with it");
    if (!cli_inside(job->options, folder, &inside, &error))
        return cli_fail(&error);
    job->inside = &inside;
    vantages_of_interface(job->arena, inside.asker, NULL, &job->vantages);
    int status = make_plan(job, &inside.declared);
    cli_inside_free(&inside);
    return status;
}

static int run(struct arena *arena, int argc, char **argv)
{
    struct error error = {0};
    struct options options;
    struct plan_job job = {.arena = arena, .options = &options};
    bool done;
    if (!cli_options(arena, &command_plan, argc, argv, &options, &done, &error))
        return cli_fail(&error);
    if (done)
        return 0;
    if (options.operands.count != 1)
        return cli_usage(&command_plan, "expected one snapshot folder");
    job.format = cli_format(&options);
    if (!cli_vantages(arena, &options, &job.vantages, &error) || !cli_speed(&options, &job.speed, &error) ||
        !cli_intent(arena, &options, &job.intent, &error) || !read_previous(arena, &options, &job.answered, &error))
        return cli_fail(&error);
    if (options_values(&options, "outbound")->items.count > 0 && options_value(&options, "vantage-interface") == NULL)
        return cli_usage(&command_plan, "--outbound: an interface inside asks that: give --vantage-interface too");
    const char *folder = options.operands.items[0];
    return options_value(&options, "vantage-interface") != NULL ? plan_inside(&job, folder)
                                                                : plan_outside(&job, folder);
}

const struct command command_plan = {
    .name = "plan",
    .summary = "Plans what to probe from a vantage point: what is declared, and where undeclared exposure would hurt.",
    .usage = "SNAPSHOT [--vantage ADDRESS | --vantage-interface ENI] [--intent FILE] [--depth DEPTH]",
    .notes =
        "Depths: declared, what the configuration lets the vantage reach; standard, that, every port that a rule of "
        "its\n"
        "VPC or the intent names (of a rule over more than 1024 ports its two ends), 1-1023 and well-known service\n"
        "ports; full, 1-65535 and what is declared. UDP: declared ports and, but for declared, those with a known\n"
        "payload. ICMP echo always, and what --previous saw answer.\n"
        "\n--vantage-interface plans what to ask from inside: from the primary private addresses of that interface, "
        "of\n"
        "the private addresses of all others in its VPC, and in VPCs that something joins to it. What is expected is\n"
        "what groups, network ACLs and routes of both sides let through. Probe on that machine.\n"
        "--outbound adds places of yours on the internet, to see what leaves: silence there is judged where the place "
        "is\n"
        "known to have answered somebody (the run's --canary, or another interface of the same evidence).\n"
        "\nExamples:\n"
        "  sgproof plan estate/ --vantage 203.0.113.7 -o plan.jsonl\n"
        "  sgproof plan estate/ --depth declared --format text\n"
        "  sgproof plan estate/ --vantage-interface i-0a1b2c3d -o inside.jsonl\n",
    .options = options_of_plan,
    .run = run,
    .talks = true,
};
