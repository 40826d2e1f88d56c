// Between addresses and the socket interface's own form of them (ip(7), ipv6(7)).
#pragma once

#include <sys/socket.h>

#include "net/address.h"

// Fills *storage for `address` and `port` (host order); returns how many of its bytes count.
socklen_t sockaddr_of(struct address address, uint16_t port, struct sockaddr_storage *storage);

// The address in *storage. False where its family is neither.
bool sockaddr_address(const struct sockaddr *storage, struct address *address);

// The port in *storage, host order; 0 where its family has none.
uint16_t sockaddr_port(const struct sockaddr *storage);

// Makes a socket leave by an interface (name, or NULL) and, where the family of `source` is not 0, from that address,
// at a port that is chosen when it is known to whom. 0, or an errno value.
int sockaddr_leave(int fd, struct address source, const char *interface);

// The source address that this machine would use towards `to`, by `interface` (or NULL): connecting a UDP socket only
// asks the routing table, nothing is sent. False where there is no way there.
bool sockaddr_source(struct address to, const char *interface, struct address *own);

// Whether packets may leave from an address: whether a socket can be bound to it.
bool sockaddr_is_usable(struct address source);

// Whether an address is one of this machine's interfaces' own.
bool sockaddr_is_local(struct address address);

// The address that this end of a socket has. False where it has none.
bool sockaddr_own(int fd, struct address *address);
