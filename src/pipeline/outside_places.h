// Places on the internet that interfaces inside ask, to see what leaves: which they are, and which of them were there.
#pragma once

#include "pipeline/vantages.h"
#include "rules/reach/inside_view.h"

// A TCP port of a place that answered somebody. Moments are wall clock, in microseconds.
struct outside_heard {
    struct address address;
    uint16_t port;
    uint64_t us;
};
typedef VECTOR(struct outside_heard) outside_heard_list;

// Adds what of the observations is of no address of the view to it, as places outside (inside_view_add_outside).
void outside_places_observed(struct arena *arena, struct inside_view *view, const struct observations *observations);

// Adds the ports that answered: of places outside of the view (NULL: there is none), and the canaries that the summary
// tells of, which were asked on that day (YYYY-MM-DD; NULL: they are left out).
void outside_places_heard(struct arena *arena, const struct exposure_set *view, const struct observations *observations,
                          const char *day, outside_heard_list *heard);

// Silence of a place outside shows that the way there is shut only where the place was there: it answered somebody
// about a day before or after. Else it becomes unknown, with a reason that says so.
void outside_places_doubt(const struct exposure_set *view, const outside_heard_list *heard,
                          struct observations *observations);

// Adds a place that the user names, "203.0.113.9:443", to a plan that those vantages ask: expected as the view says.
// ERROR_USAGE where it is no place on the internet, an address of the estate's own, or there is no vantage of its
// family.
bool outside_places_plan(struct arena *arena, struct inside_view *view, const struct vantage_list *vantages,
                         const char *text, struct plan *plan, struct error *error);
