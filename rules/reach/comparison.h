// What the files of the difference between two estates share (diff.h). For those only.
#pragma once

#include "rules/reach/diff.h"
#include "rules/reach/explain.h"

struct comparison {
    struct arena *arena;
    struct arena *scratch; // for one endpoint
    const struct side *before;
    const struct side *after;
    struct difference *difference;
    struct map equal;               // pairs of lists that were found to agree, as text
    struct explainer explainers[2]; // of before and after, in the arena `explaining`
    struct arena *explaining;
    struct arena *packet; // of one explanation
};

// Where an endpoint is open and where it is not: for what opened the later side is open, for what closed the earlier.
struct sides {
    enum change_kind kind;
    const struct side *open;
    const struct side *shut;
    const struct endpoint *open_endpoint;
    const struct endpoint *shut_endpoint; // or NULL
};

// Those of one address on one side: where several interfaces are said to have it, neither is believed alone, and what
// any of them lets in may be let in.
typedef VECTOR(const struct endpoint *) endpoint_list;

// What an endpoint exposes today: nothing where it is dormant, or NULL.
const struct exposure_list *comparison_today(const struct endpoint *endpoint);
// What stays open at one address and is not as it was, of protocols that the exposures do not tell apart.
void comparison_of_altered(struct comparison *comparison, const endpoint_list *befores, const endpoint_list *afters,
                           int low, int high);

// Pieces of what opened or closed, each with one set of causes.
struct pieces {
    VECTOR(struct piece {
        struct portmap map;
        reason_list causes;
    })
    items;
    struct map by_causes; // their texts -> number in items + 1
};

// Adds what a map's packets have for causes; pieces with the same ones are one.
void comparison_add_piece(struct comparison *comparison, struct pieces *pieces, struct portmap map, reason_list causes);
// Cuts `map` by which stages let it through where it is shut, and by the rules that admit it where it is open, and
// explains one packet of each piece (diff_causes.c).
void comparison_explain(struct comparison *comparison, const struct sides *sides, int protocol, struct portmap map,
                        enum exposure_path path, struct pieces *pieces);

// Adds a change; `internet` are the sources that count as such.
void comparison_add(struct comparison *comparison, struct change change, const struct prefixset *internet);
// Says that a side does not know of what the other tells: then nothing opened or closed there.
void comparison_not_known(struct comparison *comparison, const struct side *side, const struct interface_place *place,
                          enum kind kind);
// Whether a plan made one side of the other: then what one tells of, the other does.
bool comparison_is_planned(const struct comparison *comparison);
// Whether a side tells of the interfaces of a place: all of them, or that there are none.
bool comparison_knows_interfaces(const struct estate *estate, const struct interface_place *place);

// What opened (`opens` is the later side) or closed (the earlier one) behind load balancers and services.
void comparison_of_indirect(struct comparison *comparison, enum change_kind kind, const struct side *opens,
                            const struct side *shuts);
// What stays open there and is more or less certain.
void comparison_of_altered_indirect(struct comparison *comparison);
