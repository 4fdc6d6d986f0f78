/* SPDX-License-Identifier: MIT */
/* The file in the state directory that outlives a restart: where providers known by name alone were
 * reached last. Any worker may add to it; the main thread alone reads and writes the file, anew as
 * a whole, STATEFILE_EVERY_MS after a change and at the end. Nothing waits for it, and without a
 * directory that can be written to all goes on. */
#ifndef DAEMON_STATEFILE_H
#define DAEMON_STATEFILE_H

#include "resolver/upstream/kept.h"

#include <uv.h>

enum { STATEFILE_FIRST_MS = 1000, STATEFILE_EVERY_MS = 60000 };

struct statefile;

/* `folder` is copied; NULL or "off": nothing is read or written. Reads the file, if there is one;
 * what is not a whole one of ours is ignored. gives the statefile; NULL without memory. */
struct statefile *statefile_new(const char *folder, uv_loop_t *loop);
/* Writes what is new. Its handles are closed when the loop has run once more, and only then
 * statefile_free() may be called. Takes NULL, both. */
void statefile_close(struct statefile *file);
struct statefile *statefile_free(struct statefile *file);

/* Any thread, until statefile_close(). */
void statefile_reached(struct statefile *file, const char *host, const char *const *addresses,
                       size_t n);
void statefile_kept(struct statefile *file, struct kept *ret_kept);

#endif
