/* SPDX-License-Identifier: MIT */
/* The file in the state directory that outlives a restart: where providers known by name alone were
 * reached last (and beside it, secrets of this host). Any worker may add to it; the main thread
 * alone reads and writes the file, anew as a whole, STATEFILE_EVERY_MS after a change and at the
 * end. Nothing waits for it, and without a directory that can be written to all goes on. */
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

/* A secret of this host, `n` octets (≤ STATEFILE_SECRET_MAX): that of the file `name`, which is
 * made with random ones if it is not there. Without a directory it is another one in each process.
 * The main thread. */
enum { STATEFILE_SECRET_MAX = 32 };
void statefile_secret(struct statefile *file, const char *name, uint8_t *ret_secret, size_t n);

/* Any thread, until statefile_close(). */
void statefile_reached(struct statefile *file, const char *host, const char *const *addresses,
                       size_t n);
void statefile_kept(struct statefile *file, struct kept *ret_kept);

#endif
