/* SPDX-License-Identifier: MIT */
/* What is answered without asking anyone: questions that must not leave the host by type or class
 * (PROMISES M9, M10), and special-use names (RFC 6761, 6762, 7686, 9462, 9476). Pure. */
#ifndef RESOLVER_POLICY_POLICY_H
#define RESOLVER_POLICY_POLICY_H

#include "resolver/wire/reply.h"

enum policy_outcome {
    POLICY_FORWARD = 1,
    POLICY_ERROR, /* reply with *ret_error: NXDOMAIN for names that do not exist outside, REFUSED …
                   */
    POLICY_LOCAL, /* reply with *ret_rdata as the one record (empty: NODATA) */
};

/* *ret_error or *ret_rdata (static bytes) is written as the outcome says. */
enum policy_outcome policy_decide(const struct question *question, struct reply_error *ret_error,
                                  struct bytes *ret_rdata);

#endif
