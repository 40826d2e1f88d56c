// Several vantages that asked the same: each is judged by itself, and what they heard is compared.
#pragma once

#include "model/verdict.h"
#include "pipeline/vantages.h"

// What one of them asked, and what came of it.
struct vantage_part {
    const char *file;    // of its observations
    const char *vantage; // as `merge` names it there, or NULL
    struct vantage_list vantages;
    struct observations observations;
    struct exposure_set *narrowed; // to what it can reach; the verdicts borrow from it
    struct verdict_set set;
};

typedef VECTOR(struct vantage_part) vantage_parts;

// Adds the observations of a file, read by observations_read_vantages, as a part for each vantage that they name, or as
// one. ERROR_USAGE where a vantage tells of a port twice.
bool vantage_parts_add(struct arena *arena, vantage_parts *parts, const char *file, struct observations *observations,
                       struct error *error);

// Joins the verdicts of all parts, each of which says by which vantage it is, into one set: it is complete where all
// are. Ports that answer one vantage otherwise than another, though the same is declared for both, are its splits.
void vantage_parts_join(struct arena *arena, const vantage_parts *parts, struct verdict_set *set);
