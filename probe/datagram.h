// UDP and ICMP echo, over sockets of their own. Answers come either by the sockets (their error queues hold ICMP
// errors) or, where packets are captured, by the capture; the sockets then take nothing in. For the files of probe/
// only.
#pragma once

#include "probe/identity.h"

struct datagrams;

// Opens what the schedule needs, and enters the source ports into `identity`. `captured`: answers come by the capture.
// What may not be opened is not asked: the ledger says unknown.
struct datagrams *datagrams_open(struct arena *arena, const struct schedule *schedule, struct identity *identity,
                                 struct ledger *ledger, bool captured);
void datagrams_close(struct datagrams *datagrams);

// The sockets to listen on, where answers do not come by the capture; *count of them.
const int *datagrams_descriptors(const struct datagrams *datagrams, size_t *count);
// Our UDP source ports, for the capture's filter.
struct portset datagrams_ports(struct arena *arena, const struct datagrams *datagrams);

// Sends one try of a question of a UDP or ICMP lane. False where this machine's buffers are full for now.
bool datagrams_send(struct datagrams *datagrams, const struct sending *sending);

// Takes in what waits at one of the descriptors and tells the ledger.
void datagrams_receive(struct datagrams *datagrams, int fd);

// Ports that have a payload of their own.
struct portset datagrams_known_ports(struct arena *arena);
