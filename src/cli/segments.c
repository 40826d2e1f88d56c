#include "rules/reach/segments.h"

#include "aws/snapshot.h"

#include "base/log.h"
#include "base/printable.h"
#include "cli/common.h"

static const struct option_spec options_of_segments[] = {
    OPTION_FORMAT("text or json (default text)"),
    {"by", 0, "WHAT", "what makes a segment: group, subnet, vpc, account or tag:KEY (default group)", false},
    OPTIONS_END,
};

static bool read_by(struct arena *arena, const struct options *options, struct segments_question *question,
                    struct error *error)
{
    static const struct {
        const char *word;
        enum segments_by by;
    } words[] = {{"group", SEGMENTS_BY_GROUP},
                 {"subnet", SEGMENTS_BY_SUBNET},
                 {"vpc", SEGMENTS_BY_VPC},
                 {"account", SEGMENTS_BY_ACCOUNT}};
    const char *by = options_value(options, "by");
    (void)arena;
    question->by_text = by == NULL ? "group" : by;
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

static int run(struct arena *arena, int argc, char **argv)
{
    struct error error = {0};
    struct options options;
    struct segments_question question = {0};
    struct output output;
    struct text out = {0};
    bool done;
    if (!cli_options(arena, &command_segments, argc, argv, &options, &done, &error))
        return cli_fail(&error);
    if (done)
        return 0;
    if (options.operands.count != 1)
        return cli_usage(&command_segments, "expected one snapshot folder");
    const char *format;
    if (!cli_format(&options, "text json", &format, &error) || !read_by(arena, &options, &question, &error))
        return cli_fail(&error);
    struct estate *estate = snapshot_read(options.operands.items[0], &error);
    if (estate == NULL)
        return cli_fail(&error);
    struct segment_set *set = segments_compute(estate, &question);
    bool written = cli_output_begin(&options, &output, &out, &error);
    if (written) {
        segments_write_json(set, NULL, 0, &out);
        written = cli_output_end(&output, &out, &error);
    }
    bool complete = segment_set_complete(set);
    segment_set_free(set);
    estate_free(estate);
    return !written ? cli_fail(&error) : complete ? 0 : ERROR_INCOMPLETE;
}

const struct command command_segments = {
    .name = "segments",
    .summary = "Computes what segments of the network reach in each other and on the internet.",
    .usage = "SNAPSHOT [options]",
    .notes = "",
    .options = options_of_segments,
    .run = run,
};
