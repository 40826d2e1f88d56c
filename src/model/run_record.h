// What is kept of a run for later ones: when and whence it was, and how many ports had which verdict. History keeps
// records in its database, evidence those of the runs before it.
#pragma once

#include "base/json_fields.h"
#include "model/verdict.h"

struct run_record {
    int64_t number; // ascending by time of recording
    const char *run_id;
    const char *series;
    const char *begin;
    const char *end;
    bool complete;
    const char *vantage; // or NULL
    const char *bundle;  // absolute path when it was recorded, or NULL
    const char *manifest_sha256;
    const char *tool_version; // of the sgproof that ran, or NULL: not told
    int derivation;           // by which it judged; 0: not told
    size_t endpoints;
    size_t asked;
    size_t by_verdict[VERDICT_KINDS]; // ports
    size_t by_severity[SEVERITIES];
};

typedef VECTOR(struct run_record) run_records;

// Counts endpoints, and ports by verdict and severity.
void run_record_count(const struct verdict_set *set, struct run_record *run);

// Rows of a table of fields: which run it was; what it asked and found; and of that the ports by verdict and by
// severity, be they of another struct with two such arrays.
// clang-format off
#define RUN_RECORD_WHICH(type)                                                                                         \
    JSON_FIELD("run_id", TEXT, type, run_id),                                                                          \
    JSON_FIELD("series", TEXT, type, series),                                                                          \
    JSON_FIELD("begin", TEXT, type, begin),                                                                            \
    JSON_FIELD("end", TEXT, type, end),                                                                                \
    JSON_FIELD("complete", BOOLEAN, type, complete),                                                                   \
    JSON_FIELD("vantage", TEXT, type, vantage, .optional = true)
#define RUN_RECORD_FOUND(type)                                                                                         \
    JSON_FIELD("endpoints", COUNT, type, endpoints),                                                                   \
    JSON_FIELD("asked", COUNT, type, asked),                                                                           \
    RUN_RECORD_PORTS(type, by_verdict, by_severity)
#define RUN_RECORD_PORTS(type, verdicts, severities)                                                                   \
    JSON_FIELD("ports_by_verdict", COUNTS, type, verdicts, .words = verdict_names),                                    \
    JSON_FIELD("ports_by_severity", COUNTS, type, severities, .words = severity_names)
// clang-format on
