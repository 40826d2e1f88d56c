// Binds UDP sockets to source ports below 1024: which ones, only the plan tells, and it takes a right
// (CAP_NET_BIND_SERVICE) that who reads the plan has not. So a process that has parsed nothing keeps that right and no
// other, and ends before the first packet. It gets a socket and an address, in a record of fixed size, and tells an
// errno value; it can do nothing else (syscalls.h). For the files of probe/ only.
#pragma once

#include <sys/socket.h>

#include "base/child.h"

// Forks it, where this process has the right; else there is none.
void binder_start(struct child *binder);

// Binds a UDP socket of ours as bind(2) does. 0, or an errno value: EACCES where there is no such process.
int binder_bind(const struct child *binder, int fd, const struct sockaddr_storage *address);
