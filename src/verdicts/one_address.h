// What is declared of one address that several interfaces are said to have: neither is believed alone, so what any of
// them lets in may be let in.
#pragma once

#include "model/exposure.h"

struct one_address {
    VECTOR(const struct endpoint *)
    endpoints;              // those of a whole address, not of a delegated prefix; none: nobody has it
    struct endpoint joined; // the first, with the exposures of all that are awake; dormant where all are
};

// Of `count` endpoints that begin at one address, as an exposure set has them. Where there is one, `joined` shares its
// exposures. Lives in `arena`, and borrows from the endpoints.
struct one_address one_address_of(struct arena *arena, const struct endpoint *endpoints, size_t count);

// How many endpoints from `first` on, of `count`, begin at its address.
size_t one_address_count(const struct endpoint *first, size_t count);

// Of whose exposures one of `joined` is; of NULL the first endpoint that is awake, as `joined` is.
const struct endpoint *one_address_holder(const struct one_address *one, const struct exposure *exposure);
