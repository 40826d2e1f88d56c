// Seen from inside, in evidence: what was asked from interfaces of the snapshot is judged beside what was asked from
// outside, each by itself (inside/ENI/observations.jsonl and inside/ENI/verdicts.json of a bundle).
#pragma once

#include "pipeline/declare.h"
#include "pipeline/outside_places.h"
#include "pipeline/vantages.h"
#include "report/report.h"
#include "rules/controls/facts.h"
#include "rules/intent/intent.h"
#include "rules/reach/inside_view.h"

#define INSIDE_FOLDER "inside"

struct inside_given {
    const char *eni_id;
    const char *observations; // file, as `probe` wrote it
    const char *plan; // by which it was asked, and the packets; both files, or both NULL: the states are a claim
    const char *capture;
};

typedef VECTOR(struct inside_given) inside_givens;

// Whether one may be added: by the form of its id, which is a folder's name, and once each. ERROR_USAGE says why not.
bool inside_given_fits(const inside_givens *givens, const char *eni_id, struct error *error);

// The file names, in a bundle's folder of an interface; NULL where an interface has no such file.
enum inside_file { INSIDE_OBSERVATIONS, INSIDE_PLAN, INSIDE_CAPTURE, INSIDE_FILES };
extern const char *const inside_file_names[INSIDE_FILES];
const char **inside_given_file(struct inside_given *given, enum inside_file file);

// Of a path in a bundle that is such observations, the interface's id; NULL of any other.
const char *inside_given_of(struct arena *arena, const char *path);

struct inside_derived {
    const char *eni_id;
    const char *path; // of its verdicts, in the bundle
    const struct network_interface *asker;
    struct inside_view *view;
    struct exposure_set *exposures; // of the view
    struct observations observations;
    struct verdict_set set;
};

typedef VECTOR(struct inside_derived) inside_derivations;

// Computes what each interface reaches, and reads what was asked from it. ERROR_USAGE where the estate does not have
// it, nobody can ask from it, or the file is not what a probe writes.
bool derive_inside(struct arena *arena, const struct declared *before, const inside_givens *givens,
                   inside_derivations *inside, struct error *error);

// Judges what was asked. `after`: the second reading; its exposures are NULL where there is none. What is not known of
// it is added to `missing`. `heard` holds what of places outside is known to have been there, by others than they.
void derive_inside_judge(struct arena *arena, const struct declared *before, const struct declared *after,
                         const struct intent *intent, const char *today, outside_heard_list *heard,
                         inside_derivations *inside, text_list *missing);

// The same for controls, and for the report: by the segments of the intent, security groups where it names none.
const struct inside_seen *derive_inside_seen(struct arena *arena, const inside_derivations *inside);
void derive_inside_rows(struct arena *arena, const struct estate *estate, const struct intent *intent,
                        const inside_derivations *inside, report_inside_rows *rows);

// The same from what evidence holds, without judging again: as it was sealed. None where nothing was asked from inside.
bool derive_inside_rows_again(struct arena *arena, const char *folder, const struct manifest *manifest,
                              report_inside_rows *rows, struct error *error);

void derive_inside_free(inside_derivations *inside);
