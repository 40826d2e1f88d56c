// Reports: one file a format, all from the same run.
#pragma once

#include "model/run_record.h"
#include "evidence/manifest.h"
#include "model/change.h"
#include "model/flow_change.h"
#include "model/control.h"
#include "verdicts/drift.h"

// What was asked from one interface inside of one segment: ports by verdict.
struct report_inside_row {
    const char *eni_id;
    const char *from; // segments of that interface
    const char *to;   // segments of those that were asked
    size_t ports[VERDICT_KINDS];
    size_t severe[SEVERITY_HIGH + 1]; // of them, how many are critical, and how many high
};

typedef VECTOR(struct report_inside_row) report_inside_rows;

// What the observations of a run, which stand by address, tell of hosts: report_hear is given one after the other.
// Zeroed at first.
struct report_heard {
    struct address address; // of the last observation; what follows of it counts below once there is another one
    bool is_heard;          // something was open or closed
    bool is_closed;         // a TCP port was
    bool is_open;           // the same
    size_t silent;          // addresses of which nothing was open or closed
    size_t shut;            // of which TCP ports were closed, and none was open that would show that they say so
};
void report_hear(void *heard, const struct observation *observation);

// A run as reports see it. Only `set` and `title` must be there.
struct report_run {
    const char *title;
    const struct verdict_set *set;
    const struct control_report *controls;
    const struct manifest *manifest;
    const struct observations *observations;
    const struct report_heard *heard; // of them, where they are not held; or NULL
    const run_records *runs;          // before this one
    const drift_list *drift;          // since the last of them
    const report_inside_rows *inside; // NULL: nothing was asked from inside
    // Gives all verdicts to `take`, where the set does not hold them; they last as long as the call. NULL: it does.
    void (*each)(void *source, verdict_taker *take, void *context);
    void *source;
};

struct report_options {
    bool colour; // text only
};

typedef void (*report_writer)(const struct report_run *run, const struct report_options *options, struct text *out);

// Which verdicts and observations a format looks at. There may be millions, nearly all of them as they should be.
enum report_verdicts {
    REPORT_ALL,   // all of the set
    REPORT_SHOWN, // those of report_is_shown; the others may be left out of the set, and counted there
    REPORT_EACH   // all, by report_each: the set need not hold them
};

enum report_observations { REPORT_NONE, REPORT_HEARD /* what report_hear counts of them */, REPORT_EVERY };

struct report_format {
    const char *name;
    report_writer write;
    enum report_verdicts verdicts;
    enum report_observations observations;
    bool needs_evidence; // a folder: the manifest, not only verdicts
    bool inside;         // it tells what was asked from inside
};

// Every format; ends with a NULL name.
extern const struct report_format report_formats[];
const struct report_format *report_format_named(const char *name); // or NULL

// How silence was earned, in words; NULL where the observations do not tell.
const char *report_silence(struct arena *arena, const struct report_run *run);

// All of them together; `rows` may be NULL, and then nothing was asked.
struct report_inside_row report_inside_sum(const report_inside_rows *rows);
// Rows with something critical or high first: the `i`th of twice as many, where NULL is one that is told in the other
// half.
const struct report_inside_row *report_inside_urgent(const report_inside_rows *rows, size_t i);
// How many ports are critical or high.
size_t report_inside_severe(const struct report_inside_row *row);
// SEVERITY_CRITICAL or, where none of the ports is, SEVERITY_HIGH.
enum severity report_inside_worst(const struct report_inside_row *row);
// "web (eni-1) to db", in the arena.
const char *report_inside_pair(struct arena *arena, const struct report_inside_row *row);
// "undeclared 1, enforced 1105; 1 critical", in the arena.
const char *report_inside_told(struct arena *arena, const struct report_inside_row *row);
// A line each of what was asked from inside; nothing of none.
void report_inside_text(const report_inside_rows *rows, struct text *out);
void report_text(const struct report_run *run, const struct report_options *options, struct text *out);
// GitHub's, findings by cause, failed controls first.
void report_markdown(const struct report_run *run, const struct report_options *options, struct text *out);
void report_html(const struct report_run *run, const struct report_options *options, struct text *out);
void report_json(const struct report_run *run, const struct report_options *options, struct text *out);
// RFC 4180. What a spreadsheet would take as a formula is quoted.
void report_csv(const struct report_run *run, const struct report_options *options, struct text *out);
// SARIF 2.1.0, OASIS.
void report_sarif(const struct report_run *run, const struct report_options *options, struct text *out);
// JUnit XML as CI servers read it.
void report_junit(const struct report_run *run, const struct report_options *options, struct text *out);
// OCSF 1.5.0: Compliance Finding (2003) for controls, Detection Finding (2004) for verdicts; one array.
void report_ocsf(const struct report_run *run, const struct report_options *options, struct text *out);
// AWS Security Finding Format: each line is the input of one BatchImportFindings of at most 100.
void report_asff(const struct report_run *run, const struct report_options *options, struct text *out);
// OpenMetrics text.
void report_metrics(const struct report_run *run, const struct report_options *options, struct text *out);
// Observations as nmap's XML, version 1.05.
void report_nmap(const struct report_run *run, const struct report_options *options, struct text *out);

// A pack's title, with its version where the title does not say it.
const char *report_pack_title(struct arena *arena, const struct control_pack *pack);
// "Controls: 12 passed, 2 failed, ..." of counts by result.
void report_control_counts(const size_t *results, struct text *out);

// The controls of `packs` in the order in which people are told of them, in the arena: what failed first, of that the
// more severe first, else as the packs have them. `*controls` is how many.
const struct control **report_urgent_first(struct arena *arena, const struct control_pack *packs, size_t count,
                                           size_t *controls);

// What each security group allows, and what came through where one denies it (src/report/accesses.c).
// "1 open, 12 filtered; inside: 3 open", "2 of 4 addresses reachable", in the arena.
const char *report_observed(struct arena *arena, const struct group_access *access);
const char *report_declared(struct arena *arena, const struct group_access *access);
void report_accesses_text(const struct control_report *controls, struct text *out);
void report_accesses_markdown(const struct control_report *controls, struct text *out);

// Controls, failed ones with what failed them; for a terminal of 80 columns.
void report_controls_text(const struct control_report *report, const struct report_options *options, struct text *out);

// ---- A change (sgproof/change/v1)

void report_change_text(const struct change_report *report, const struct report_options *options, struct text *out);
// GitHub's: the comment of a pull request.
void report_change_markdown(const struct change_report *report, struct text *out);
void report_change_junit(const struct change_report *report, struct text *out);
// What is not as planned. `run_id` of its evidence, or NULL.
void report_change_sarif(const struct change_report *report, const char *run_id, struct text *out);
// Text from outside in a cell or a line of Markdown: what could end the cell, or be taken for markup, a mention or a
// link, is escaped.
void report_cell(struct arena *arena, const char *text, struct text *out);
// A piece's endpoint, ports and sources as cells of a table in Markdown, each with what closes it.
void report_change_cells(struct arena *arena, const struct change_piece *piece, struct text *out);
// What they share, in the arena: "Not as planned: 1 not-in-force, 2 as-planned"; where a piece is, and why it is so.
const char *report_change_title(struct arena *arena, const struct change_report *report);
const char *report_change_place(struct arena *arena, const struct change_piece *piece);
const char *report_change_why(struct arena *arena, const struct change_piece *piece);

// ---- A forecast: what a plan, or the way from one state to another, opens and closes

// GitHub's and GitLab's: the comment of a pull request.
void report_forecast_markdown(const struct forecast *forecast, struct text *out);
void report_forecast_junit(const struct forecast *forecast, struct text *out);
// What is above info, where the resource that does it stands in the repository.
void report_forecast_sarif(const struct forecast *forecast, struct text *out);
// "1 opens, 2 close: 1 at or above high", in the arena; "aws_eip.web (net/main.tf:12)".
const char *report_forecast_title(struct arena *arena, const struct forecast *forecast);
const char *report_resource(struct arena *arena, const struct change_resource *resource);

// ---- What moves inside and outwards, of a forecast and of a change (src/report/forecast_flows.c)

// "inside web to db tcp 5432, 10.0.0.4/32 to 10.0.2.4/32".
const char *report_flow_place(struct arena *arena, const struct flow_change *change);
// What is said where not all is known of what moved there (struct flow_changes, missing).
#define REPORT_FLOWS_UNSURE "inside and outwards not all is known"
// "2 open inside, 1 closes outwards", in the arena; "" where nothing moves.
const char *report_flow_counts(struct arena *arena, const struct flow_changes *changes);
// Lines of a terminal; tables of a pull request, with `most` rows.
void report_flows_text(const struct flow_changes *changes, bool gates, struct text *out);
void report_flows_markdown(const struct flow_changes *changes, bool gates, size_t most, struct text *out);
// Cases of JUnit XML; `fails` says which.
typedef bool flow_fails(const void *context, const struct flow_change *change);
void report_flows_junit(const struct flow_changes *changes, const char *classname, flow_fails *fails,
                        const void *context, struct text *out);
// Rules of SARIF, and a result; `file` is what it is about where no resource has a place.
void report_flow_sarif_rules(struct json_writer *writer);
void report_flow_sarif(struct json_writer *writer, struct arena *arena, const struct flow_change *change,
                       const char *file);

// ---- What they share

// Whether a text is an account's id: 12 digits.
bool report_is_account(const char *id);
// Whether a person should see a verdict: all but those that are as they should be (`enforced` and nothing more to say).
bool report_is_shown(const struct verdict *verdict);
// Those of a set, most severe first, in the arena. *count of them.
const struct verdict **report_worth_showing(struct arena *arena, const struct verdict_set *set, size_t *count);

// Whether a verdict is something to act on: above info.
bool report_is_finding(const struct verdict *verdict);

// 32 hexadecimal digits that name the same finding in every run.
const char *report_finding_id(struct arena *arena, const struct verdict *verdict);

// "8443/tcp of web-2 (198.51.100.11) answers, though the configuration lets nothing through"
const char *report_sentence(struct arena *arena, const struct verdict *verdict);

// What vantages heard otherwise of each other, and where, in words (src/report/split.c).
const char *report_split(struct arena *arena, const struct verdict_set *set, const struct vantage_split *split);
const char *report_split_places(struct arena *arena, const struct vantage_split *split);
// "Not compared between the vantages: 14 ports, ..."; NULL where there is one vantage, or all was compared.
const char *report_not_compared(struct arena *arena, const struct verdict_set *set);

// Why a run is not complete, in a sentence with at most some of what is missing; NULL where it is.
const char *report_incomplete(struct arena *arena, const struct verdict_set *set);
// Why a verdict that is no finding is no pass either; NULL where it is one.
const char *report_unsure(const struct verdict *verdict);

// Who asked, where it was an interface: "eni-web (10.0.0.4)", or one of several vantages: its address; else "".
const char *report_asked_from(struct arena *arena, const struct verdict *verdict);

// Its verdict in one word, or "outage".
const char *report_word(const struct verdict *verdict);

// What to do about it: one sentence.
const char *report_advice(const struct verdict *verdict);

// Why it is only possible and what would settle it, in words; NULL where it is not.
const char *report_doubts(struct arena *arena, const struct verdict *verdict);

// "22/tcp", "1-21/tcp", "echo/icmp"
const char *report_ports(struct arena *arena, int protocol, uint16_t low, uint16_t high);
const char *report_port(struct arena *arena, const struct verdict *verdict);

// Text from outside as people may see it, in one line (base/printable.h). In the arena; "" of NULL.
const char *report_clean(struct arena *arena, const char *text);

// At most `most` bytes of a text, cut between characters.
const char *report_shortened(struct arena *arena, const char *text, size_t most);

// Text from outside in HTML or XML: escaped, in one line, and what may not be shown (base/printable.h) replaced, which
// is all that XML 1.0 cannot hold. NULL is nothing.
void report_escape(struct text *out, const char *text);
// The same of a text whose lines are this program's own: what comes from outside in it was cleaned before.
void report_escape_lines(struct text *out, const char *text);

// What stands before commands that would close a finding.
#define REPORT_SUGGESTION "to judge first; it closes all else that it names, too:"

// Writes a command after `lead`, broken between its words as a shell goes on with it.
void report_command(struct text *out, const char *lead, const char *command, size_t width);

// Writes words after `lead`, broken before column `width` and indented as deep as `lead` is long.
void report_wrap(struct text *out, const char *lead, const char *words, size_t width);

// Gives each verdict of a run to `take`, in their order.
void report_each(const struct report_run *run, verdict_taker *take, void *context);

// Ports of each verdict kind.
void report_count(const struct verdict_set *set, size_t ports[VERDICT_KINDS]);

// Seconds since 1970 of an RFC 3339 text, 0 where it is none.
int64_t report_seconds(const char *moment);
