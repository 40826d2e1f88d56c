// What Linux does by calls of its own, and other systems by others or not at all: system_linux.c, and
// system_elsewhere.c in a build without the prober (-Dprobe=disabled), which takes no header that is Linux's alone.
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>

// What a system does not have asks for nothing there.
#ifndef SOCK_CLOEXEC
#define SOCK_CLOEXEC 0
#endif
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif
#ifndef MADV_HUGEPAGE
#define MADV_HUGEPAGE MADV_NORMAL
#endif
#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

// Fills `bytes` (at most 256) with random ones. False where the system has none to give.
bool system_random(void *bytes, size_t size);

// Moves the pages of a mapping to the beginning of another, which is as long or longer; false where it stays.
bool system_move_pages(void *from, size_t length, void *to);

// Whether a folder is one that the system makes up of its processes (/proc), where nothing can be made.
bool system_makes_up(int folder);
// The path of an open folder, as it is now. False where the system does not tell.
bool system_path_of(int descriptor, char path[PATH_MAX]);
// Opens a folder that may be searched and not read. A descriptor, or -1 with errno.
int system_search_folder(int from, const char *path);
// The folder whose entries are our own open descriptors.
extern const char system_descriptors[];
bool system_is_null_device(const struct stat *about);

// Renames only where nothing is there. 0, or an errno value: ENOSYS or EINVAL where it cannot be done in one step.
int system_rename_new(const char *from, const char *to);

// Closes every descriptor from a number on.
void system_close_from(int first);

// Whether system_each_entry makes nothing but system calls, and so may be called by a signal handler.
extern const bool system_entries_in_handlers;
// Calls `each` with the name of each entry of an open folder but "." and "..". False where it could not be read.
bool system_each_entry(int folder, void (*each)(void *context, const char *name), void *context);

// A stream to write to, whose bytes `write` takes: how many it took, or -1. NULL where there is no memory.
FILE *system_stream(void *context, ssize_t (*write)(void *context, const char *bytes, size_t size));

// Has a socket send by one interface only. 0, or an errno value: ENOTSUP where the system cannot.
int system_bind_to_interface(int socket, const char *interface);
// Has bind(2) choose no port before it is known to whom: else there are only so many sockets as there are ports.
void system_bind_without_port(int socket);
