// Seen from inside: what one interface reaches at the private addresses of the others, as an exposure set like the
// internet's, so that it is planned, probed and reconciled alike.
#pragma once

#include "model/exposure.h"

struct inside_view;

// Whether packets of its own may leave an interface, so that it can be asked from. ERROR_USAGE says why not.
bool inside_view_possible(const struct estate *estate, const struct network_interface *asker, struct error *error);

// Computes the view of an interface of the estate, which must outlive it, and for which inside_view_possible holds:
// every other interface of its own VPC, and of the VPCs that some route or peering connection may join to it. Takes
// time in distinct answers and targets, never in their product.
struct inside_view *inside_view_of(const struct estate *estate, const struct network_interface *asker);

// The view's endpoints: one a private address (or delegated prefix), by which it is asked; their sources are addresses
// of the asker. Endpoints with one answer share it. The set owns all that the view is made of: it is freed after
// inside_view_end.
struct exposure_set *inside_view_exposures(const struct inside_view *view);

// Adds places on the internet as endpoints (`outside`): what of them the asker reaches is what leaves (semantics.md,
// "Outbound"). Those that are no addresses of the internet, or are some interface's of the estate, lie in a block
// of one of its VPCs (of an interface that is not there), or are in the view already, are left out.
void inside_view_add_outside(struct inside_view *view, const struct address *places, size_t count);

// Interfaces whose private addresses are not in the view, by why.
struct inside_left_out {
    const char *what;
    size_t count;
};
const struct inside_left_out *inside_view_left_out(const struct inside_view *view, size_t *count);

// What first stops a packet from an address of the asker to an endpoint of the view: protocol, number (port; ICMP type
// * 256 + code), and for TCP and UDP the client ports that it may come from. NULL where nothing does. Lives as long as
// the set.
const struct reason *inside_view_stop(struct inside_view *view, const struct endpoint *endpoint, struct address source,
                                      int protocol, uint16_t number, struct portset client_ports);

// What endpoints of the view have in common for which inside_view_stop says the same, whatever is asked: as a value to
// compare and to look up by.
const void *inside_view_class(struct inside_view *view, const struct endpoint *endpoint);

// Ends what those two need.
void inside_view_end(struct inside_view *view);
