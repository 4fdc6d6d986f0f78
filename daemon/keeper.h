/* SPDX-License-Identifier: MIT */
/* Keeps the policy of one configuration: loads it, looks every second whether a file that it is
 * made of has changed, and loads it again when the file has been left alone since. A thread of its
 * own, which ends with the keeper: no query waits for it. */
#ifndef DAEMON_KEEPER_H
#define DAEMON_KEEPER_H

#include "config/config.h"

struct keeper;

struct keeper_params {
    const struct policy_params *policy; /* borrowed for the keeper's life */
    const uint8_t *secret;              /* 16 unpredictable octets, borrowed by keeper_new() */
    /* Any thread: another policy is in force. `policy` is one reference, taken. */
    void (*on_policy)(void *ctx, struct policy *policy);
    /* Any thread, once: the files that keeper_start() is to begin with have been read; or they
     * cannot all be. May be NULL. */
    void (*on_loaded)(void *ctx, bool good);
    void *ctx;
};

/* gives a keeper that has a policy, of what needs no file; NULL without memory. What is to be told
 * goes to the log. */
struct keeper *keeper_new(const struct keeper_params *params);
/* Starts its thread, which reads the files; none where there are no files. It begins with all of
 * them, or with those that decide who is to learn of a name. */
int keeper_start(struct keeper *keeper, enum policy_extent first);
/* Ends the thread, in the midst of a list too, and frees. Takes NULL; returns NULL. */
struct keeper *keeper_free(struct keeper *keeper);

/* Any thread: gives a reference to the policy in force. */
struct policy *keeper_policy(struct keeper *keeper);

#endif
