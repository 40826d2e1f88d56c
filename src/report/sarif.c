// SARIF 2.1.0: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
#include "model/verdict_texts.h"
#include "report/report.h"
#include "report/sarif.h"

static void put_rule(struct json_writer *writer, const char *id, const char *name, const char *text, const char *help,
                     enum severity severity)
{
    sarif_begin_rule(writer, id, name, text, help, sarif_level(severity));
    sarif_put_score(writer, severity);
    json_close(writer, '}');
}

static void put_rules(struct arena *arena, struct json_writer *writer, const struct report_run *run)
{
    static const struct {
        const char *name;
        const char *text;
        enum severity severity;
    } kinds[VERDICT_KINDS] = {
        [VERDICT_CONFIRMED] = {"ConfirmedExposure", "A port is reachable from outside, and something answers.",
                               SEVERITY_CRITICAL},
        [VERDICT_LATENT] = {"LatentExposure", "A port is reachable from outside, and nothing listens today.",
                            SEVERITY_HIGH},
        [VERDICT_BLOCKED] =
            {"BlockedExposure",
             "A port is declared reachable, and something that the configuration does not show stops it.",
             SEVERITY_MEDIUM},
        [VERDICT_UNDECLARED] = {"UndeclaredExposure", "A packet came through where the configuration says none can.",
                                SEVERITY_CRITICAL},
        [VERDICT_ENFORCED] = {"EnforcedAgainstIntent",
                              "A port that the intent expects reachable is closed by the configuration.",
                              SEVERITY_MEDIUM},
        [VERDICT_UNCONFIRMED] = {"UnconfirmedExposure",
                                 "A UDP port is declared reachable, and silent; or a host answers on every TCP port.",
                                 SEVERITY_MEDIUM},
        [VERDICT_UNVERIFIED] = {"UnverifiedExposure", "A port could not be asked.", SEVERITY_MEDIUM},
    };
    json_open(writer, "rules", '[');
    for (int kind = 0; kind < VERDICT_KINDS; kind++)
        put_rule(
            writer, verdict_names[kind], kinds[kind].name, kinds[kind].text,
            "See the verdict table in docs/semantics.md; `sgproof explain` says which rule, route or gateway decides.",
            kinds[kind].severity);
    if (run->set->splits.count > 0)
        put_rule(writer, "vantages-disagree", "VantagesDisagree", "What answers one vantage does not answer another.",
                 "See docs/fleet.md: something that the configuration does not show treats vantages apart.",
                 (enum severity)VANTAGE_SPLIT_SEVERITY);
    if (run->inside != NULL)
        put_rule(writer, "inside", "ExposedInside", "What one interface asked of a segment inside is critical or high.",
                 "See docs/semantics.md, \"Seen from inside\": each port is in inside/ENI/verdicts.json.",
                 SEVERITY_CRITICAL);
    for (size_t p = 0; run->controls != NULL && p < run->controls->packs.count; p++)
        for (size_t i = 0; i < run->controls->packs.items[p].controls.count; i++) {
            const struct control *control = &run->controls->packs.items[p].controls.items[i];
            put_rule(writer, control->id, arena_printf(arena, "Control%zu_%zu", p, i),
                     arena_printf(arena, "%s.", control->title),
                     arena_printf(arena, "%s %s", control->text, control->source), control->severity);
        }
    json_close(writer, ']');
}

// SARIF wants a file; the thing itself is a logical location.
static void put_location(struct json_writer *writer, const char *file, const char *name, const char *full,
                         const char *kind)
{
    json_open(writer, "locations", '[');
    json_open(writer, NULL, '{');
    sarif_put_file(writer, file);
    json_open(writer, "logicalLocations", '[');
    json_open(writer, NULL, '{');
    json_put_string(writer, "name", name);
    json_put_string(writer, "fullyQualifiedName", full);
    json_put_string(writer, "kind", kind);
    json_close(writer, '}');
    json_close(writer, ']');
    json_close(writer, '}');
    json_close(writer, ']');
}

// Members that findings with one cause share, behind others of the same object.
static void put_why(struct arena *arena, struct json_writer *writer, struct verdict_texts *texts,
                    const struct verdict *verdict)
{
    bool fresh;
    struct text *text = verdict_texts_value(texts, verdict, &fresh);
    if (fresh) {
        struct json_writer part = *writer;
        part.out = text;
        reasons_put(&part, arena, "because", &verdict->because);
        if (verdict->via.count > 0)
            reasons_put(&part, arena, "via", &verdict->via);
        verdict_put_suggested(&part, verdict);
    }
    text_add(writer->out, text->bytes, text->length);
}

static void put_verdict(struct arena *arena, struct json_writer *writer, struct verdict_texts *texts,
                        const struct verdict *verdict)
{
    char address[ADDRESS_TEXT];
    address_format(verdict->address, address);
    const char *port = report_port(arena, verdict);
    json_open(writer, NULL, '{');
    json_put_string(writer, "ruleId", verdict_names[verdict->kind]);
    json_put_string(writer, "kind", report_is_finding(verdict) ? "fail" : "pass");
    json_put_string(writer, "level", sarif_level(verdict->severity));
    sarif_put_message(writer, "message",
                      arena_printf(arena, "%s. %s", report_sentence(arena, verdict), report_advice(verdict)));
    put_location(writer, "verdicts.json", arena_printf(arena, "%s %s", address, port),
                 arena_printf(arena, "%s/%s/%s", verdict->eni_id == NULL ? "" : verdict->eni_id, address, port),
                 "resource");
    sarif_put_fingerprint(writer, report_finding_id(arena, verdict));
    json_open(writer, "properties", '{');
    json_put_string(writer, "severity", severity_names[verdict->severity]);
    json_put_string(writer, "declared", declared_names[verdict->declared]);
    json_put_string(writer, "observed", observed_names[verdict->observed]);
    json_put_string(writer, "intent", intent_names[verdict->intent]);
    if (verdict->asked_from != NULL)
        json_put_string(writer, "asked_from", report_asked_from(arena, verdict));
    put_why(arena, writer, texts, verdict);
    json_close(writer, '}');
    json_close(writer, '}');
}

static void put_split(struct arena *arena, struct json_writer *writer, const struct verdict_set *set,
                      const struct vantage_split *split)
{
    const char *places = report_split_places(arena, split), *said = report_split(arena, set, split);
    json_open(writer, NULL, '{');
    json_put_string(writer, "ruleId", "vantages-disagree");
    json_put_string(writer, "kind", "fail");
    json_put_string(writer, "level", sarif_level((enum severity)VANTAGE_SPLIT_SEVERITY));
    sarif_put_message(writer, "message", arena_printf(arena, "%s: %s.", said, places));
    put_location(writer, "verdicts.json", places, arena_printf(arena, "vantages/%s", places), "resource");
    sarif_put_key(writer, arena, arena_printf(arena, "vantages-disagree|%s", places));
    json_close(writer, '}');
}

static void put_inside(struct arena *arena, struct json_writer *writer, const struct report_inside_row *row)
{
    const char *pair = report_inside_pair(arena, row);
    if (report_inside_severe(row) == 0)
        return;
    json_open(writer, NULL, '{');
    json_put_string(writer, "ruleId", "inside");
    json_put_string(writer, "kind", "fail");
    json_put_string(writer, "level", sarif_level(report_inside_worst(row)));
    sarif_put_message(writer, "message", arena_printf(arena, "%s: %s.", pair, report_inside_told(arena, row)));
    put_location(writer, arena_printf(arena, "inside/%s/verdicts.json", row->eni_id), pair,
                 arena_printf(arena, "inside/%s", pair), "resource");
    sarif_put_key(writer, arena, arena_printf(arena, "inside|%s", pair));
    json_close(writer, '}');
}

static void put_control(struct arena *arena, struct json_writer *writer, const struct control *control)
{
    struct map seen = {0}; // subject -> size_t, how often
    for (size_t i = 0; i < control->evidence.count; i++) {
        const struct control_evidence *evidence = &control->evidence.items[i];
        size_t *times = map_get(&seen, evidence->subject);
        if (times == NULL) {
            times = arena_new_of(arena, size_t);
            map_put(arena, &seen, evidence->subject, times);
        }
        size_t nth = (*times)++; // of several about one subject; what they say may change from run to run
        if (evidence->result != CONTROL_FAIL || evidence->exception != NULL)
            continue;
        const char *key = arena_printf(arena, "%s|%s|%s|%zu", control->id, evidence->fact, evidence->subject, nth);
        const char *file = evidence->reference == NULL ? "controls.json" : evidence->reference;
        json_open(writer, NULL, '{');
        json_put_string(writer, "ruleId", control->id);
        json_put_string(writer, "level", sarif_level(control->severity));
        sarif_put_message(writer, "message", arena_printf(arena, "%s: %s.", evidence->subject, evidence->detail));
        put_location(writer, arena_strndup(arena, file, strcspn(file, "#")), evidence->subject,
                     arena_printf(arena, "%s/%s", control->id, evidence->subject), "resource");
        sarif_put_key(writer, arena, key);
        json_close(writer, '}');
    }
}

void report_sarif(const struct report_run *run, const struct report_options *options, struct text *out)
{
    struct arena *arena = arena_new();
    struct json_writer writer = json_writer_to(out);
    size_t count;
    const struct verdict **shown = report_worth_showing(arena, run->set, &count);
    (void)options;
    sarif_begin(&writer);
    put_rules(arena, &writer, run);
    sarif_end_tool(&writer, arena_printf(arena, "sgproof/%s", run->manifest == NULL ? "" : run->manifest->run_id));
    json_open(&writer, "invocations", '[');
    json_open(&writer, NULL, '{');
    json_put_boolean(&writer, "executionSuccessful", run->set->complete);
    if (!run->set->complete) {
        json_open(&writer, "toolExecutionNotifications", '[');
        json_open(&writer, NULL, '{');
        json_put_string(&writer, "level", "error");
        sarif_put_message(&writer, "message", report_incomplete(arena, run->set));
        json_close(&writer, '}');
        json_close(&writer, ']');
    }
    if (run->manifest != NULL) {
        json_put_string(&writer, "startTimeUtc", run->manifest->claims.begin);
        json_put_string(&writer, "endTimeUtc", run->manifest->claims.end);
    }
    json_close(&writer, '}');
    json_close(&writer, ']');
    sarif_begin_results(&writer);
    for (size_t i = 0; i < run->set->splits.count; i++)
        put_split(arena, &writer, run->set, &run->set->splits.items[i]);
    for (size_t i = 0; run->inside != NULL && i < run->inside->count; i++)
        put_inside(arena, &writer, &run->inside->items[i]);
    struct verdict_texts *texts = verdict_texts_new();
    struct arena *scratch = arena_new();
    for (size_t i = 0; i < count; i++) {
        put_verdict(scratch, &writer, texts, shown[i]);
        arena_reset(scratch);
    }
    arena_free(scratch);
    verdict_texts_free(texts);
    for (size_t p = 0; run->controls != NULL && p < run->controls->packs.count; p++)
        for (size_t i = 0; i < run->controls->packs.items[p].controls.count; i++)
            put_control(arena, &writer, &run->controls->packs.items[p].controls.items[i]);
    sarif_end(&writer);
    arena_free(arena);
}
