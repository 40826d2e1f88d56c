#include "cli/confine.h"
#include "report/segments.h"

#include "aws/snapshot.h"
#include "base/log.h"
#include "base/printable.h"
#include "cli/commands.h"
#include "cli/judged_by.h"
#include "cli/output.h"
#include "pipeline/evidence_files.h"
#include "pipeline/forecast.h"
#include "rules/intent/intent_flows.h"

static const struct option_spec options_of_segments[] = {
    OPTION_FORMAT("text|json|csv|markdown|html|mermaid|dot", "of what is printed (default text)"),
    {"by", 0, "WHAT",
     "what makes a segment: group, subnet, vpc, account or tag:KEY (default: the intent's segments, else group)",
     false},
    {"from", 0, "SELECTOR",
     "only what these interfaces reach: group=web, vpc=vpc-1,tag=tier=db, or a segment of the intent", false},
    {"to", 0, "SELECTOR|internet", "only what reaches these, or only what leaves", false},
    {"intent", 0, "FILE", "segments by name, and rules with `from` and `to`: what they forbid is a finding", false},
    OPTION_DATE,
    OPTIONS_END,
};

struct segments_job {
    struct arena *arena;
    const struct options *options;
    const char *format;
    const char *today;
    struct intent *intent;
    struct segments_question question;
    struct segment_named from, to;
    struct intent_rule selects[2];
    segment_findings findings;
};

static bool read_by(struct segments_job *job, struct error *error)
{
    static const struct {
        const char *word;
        enum segments_by by;
    } words[] = {{"group", SEGMENTS_BY_GROUP},
                 {"subnet", SEGMENTS_BY_SUBNET},
                 {"vpc", SEGMENTS_BY_VPC},
                 {"account", SEGMENTS_BY_ACCOUNT}};
    struct segments_question *question = &job->question;
    const char *by = options_value(job->options, "by");
    question->by_text = by == NULL ? "group" : by;
    if (by == NULL && job->intent != NULL && job->intent->segments.count > 0) {
        *question = intent_segments(job->arena, job->intent);
        return true;
    }
    if (strncmp(question->by_text, "tag:", 4) == 0 && question->by_text[4] != '\0') {
        question->by = SEGMENTS_BY_TAG;
        question->tag = question->by_text + 4;
        return true;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(words[i].word, question->by_text) == 0) {
            question->by = words[i].by;
            return true;
        }
    return error_set(error, ERROR_USAGE, "--by %s: expected group, subnet, vpc, account or tag:KEY", by);
}

static bool read_side(struct segments_job *job, const char *option, struct segment_named *named,
                      struct intent_rule *select, const struct segment_named **side, struct error *error)
{
    const char *text = options_value(job->options, option);
    if (text == NULL)
        return true;
    if (strcmp(option, "to") == 0 && strcmp(text, "internet") == 0) {
        job->question.only_internet = true;
        return true;
    }
    GUARD(intent_read_selector(job->arena, job->intent, text, select, error));
    *named = (struct segment_named){text, NULL, intent_holds, select};
    *side = named;
    return true;
}

static bool read_question(struct segments_job *job, struct error *error)
{
    job->format = cli_format(job->options);
    return cli_intent(job->arena, job->options, &job->intent, error) &&
           cli_date(job->arena, job->options, &job->today, error) && read_by(job, error) &&
           read_side(job, "from", &job->from, &job->selects[0], &job->question.from, error) &&
           read_side(job, "to", &job->to, &job->selects[1], &job->question.to, error);
}

// A selection that holds nobody is a slip of whoever wrote it, more often than an answer.
static bool check_sides(const struct segments_job *job, const struct segment_set *set, struct error *error)
{
    const struct segment_named *sides[] = {job->question.from, job->question.to};
    for (int i = 0; i < 2; i++)
        for (size_t s = 0; sides[i] != NULL && s < set->segments.count; s++)
            if (strcmp(set->segments.items[s].id, sides[i]->id) == 0 && set->segments.items[s].interfaces == 0)
                return error_set(error, ERROR_USAGE, "--%s %s: no interface of the snapshot is of it",
                                 i == 0 ? "from" : "to", sides[i]->id);
    return true;
}

static void say_missing(const struct segment_set *set)
{
    for (size_t i = 0; i < set->missing.items.count; i++)
        log_line(LOG_WARNING, "%s", set->missing.items.items[i].text);
    for (size_t i = 0; i < set->estate->unread.count; i++)
        log_line(LOG_WARNING, "%s", unread_text(set->arena, &set->estate->unread.items[i]));
}

static int write(struct segments_job *job, struct segment_set *set, struct error *error)
{
    const struct segments_report report = {set, job->findings.items, job->findings.count};
    struct output output;
    struct text out = {0};
    bool is_text = strcmp(job->format, "text") == 0, written;
    if (is_text) {
        segments_text(&report, &out);
        printable_lines(&out);
        written = cli_output(job->options, &out, error);
        text_free(&out);
    } else {
        written = cli_output_begin(job->options, &output, &out, error);
        if (written) {
            segments_format(job->format)(&report, &out);
            written = cli_output_end(&output, &out, error);
        }
    }
    say_missing(set);
    return written ? exit_status_of(segment_set_complete(set), job->findings.count > 0) : cli_fail(error);
}

static int compute(struct segments_job *job, const struct estate *estate, struct error *error)
{
    struct segment_set *set = segments_compute(estate, &job->question);
    int status;
    if (job->intent != NULL)
        intent_flows(job->arena, job->intent, estate, job->today, &job->findings, &set->missing);
    status = check_sides(job, set, error) ? write(job, set, error) : cli_fail(error);
    segment_set_free(set);
    return status;
}

static int run(struct arena *arena, int argc, char **argv)
{
    struct error error = {0};
    struct options options;
    struct segments_job job = {.arena = arena, .options = &options};
    bool done;
    if (!cli_options(arena, &command_segments, argc, argv, &options, &done, &error))
        return cli_fail(&error);
    if (done)
        return 0;
    if (options.operands.count != 1)
        return cli_usage(&command_segments, "expected one snapshot folder");
    const char *folder = options.operands.items[0];
    if (!read_question(&job, &error) || !evidence_documents_hold(folder, &error))
        return cli_fail(&error);
    struct estate *estate = snapshot_read(folder, &error);
    if (estate == NULL)
        return cli_fail(&error);
    int status;
    if (estate_has_network(estate)) {
        status = compute(&job, estate, &error);
    } else {
        error_set(&error, ERROR_USAGE, "%s: holds documents of an account, and none of a network", folder);
        status = cli_fail(&error);
    }
    estate_free(estate);
    return status;
}

const struct command command_segments = {
    .name = "segments",
    .summary = "Computes what segments of the network reach in each other, and on the internet.",
    .usage = "SNAPSHOT [options]",
    .notes =
        "A segment is a set of interfaces; an interface may be in several. What one reaches in another is exact, or\n"
        "possible where something on the way is not known or not modelled, which is then named. A SELECTOR is what an\n"
        "intent's `select` has: instance, group, tag, subnet, vpc, account, address, with globs, joined by commas.\n"
        "Exit status: 0 done; 1 the intent forbids a flow; 2 bad input; 3 the snapshot lacks something that an answer\n"
        "rests on; 4 that, and 1 too.\n"
        "\nExamples:\n"
        "  sgproof segments estate/\n"
        "  sgproof segments estate/ --by tag:tier --format mermaid\n"
        "  sgproof segments estate/ --from group=web --to group=database\n"
        "  sgproof segments estate/ --intent intent.json --to internet\n",
    .options = options_of_segments,
    .run = run,
};
