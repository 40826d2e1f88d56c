// How whole what the snapshot tells is: for each account, region and kind.
#pragma once

#include "aws/documents/reader.h"

// What one document tells of one kind.
struct listing {
    enum kind kind;
    element_reader read; // of its records, or NULL
    const char *name;    // of the document
    const char *account; // from its path, or NULL
    const char *region;
    const char *denied; // why nothing was answered; NULL: it was
    bool perhaps;       // or what another service's operation of that name was to answer
    const char *damage; // the first thing in it that was not understood, or NULL
    bool empty;         // there is nothing at all in it, and its name does not tell what was to be
    bool cut;           // the document ends, or is damaged, behind it
    bool more;          // it says that another page follows
    size_t unread;
    VECTOR(const struct interface_place *) seen; // where its records say they lie, each once
    struct map seen_once;
};

// Begins one; it is `reader->listing` until the next.
struct listing *listing_begin(struct reader *reader, enum kind kind);
void listing_sees(struct reader *reader, struct listing *listing, const struct interface_place *place);

// Whether its pages are of each load balancer, or of each listener: what is seen is its ARN, in place of a VPC.
bool listing_has_own_pages(const struct listing *listing);

// Account and region in a document's path, as far as it tells them.
struct document_place place_of_path(struct arena *arena, const char *path);

// From all listings: who owns which VPC, what is whole where, and what is lacking.
void completeness_settle(struct reader *reader);

// What a place's account or region is where nothing tells it.
#define PLACE_UNKNOWN "unknown"

// Whether a kind is of a whole account, and of no region.
bool kind_is_of_account(enum kind kind);

// Of what is not whole, words for it (lacks.c); then, of that in order, what answers rest on and is not there, and what
// is assumed instead: into the estate.
void lacks_name(struct reader *reader);
void lacks_list(struct reader *reader);

// Whether records of a kind tell who owns their VPC, and from all listings: who owns which (vpc_home.c).
bool kind_tells_owner(enum kind kind);
void vpc_homes_find(struct reader *reader);
