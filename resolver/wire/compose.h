/* SPDX-License-Identifier: MIT */
/* Answers that we make, in the form of those that were checked: a local answer to be cached, and
 * another answer with its question or its addresses changed, or with a chain in front. Read back by
 * answer_read(), like everything else that the cache sees. */
#ifndef RESOLVER_WIRE_COMPOSE_H
#define RESOLVER_WIRE_COMPOSE_H

#include "resolver/wire/hints.h"
#include "resolver/wire/reply.h"

/* gives a local answer as if it had come from upstream. -ENOMEM, or -EINVAL when it is none. */
int compose_local(const struct question *question, const struct reply_local *local, uint64_t now_us,
                  struct answer **ret_answer);

struct compose_wish {
    const struct question *question; /* what the new answer is to answer */
    bool is_alias;                   /* by a CNAME to the question of `from` */
    uint32_t alias_ttl_s;
    const struct answer *before; /* its answer section stands in front: the beginning of a chain
                                    that leads to the question of `from`; NULL: nothing does */
    /* Makes the four octets of an A record the sixteen of an AAAA, or says no and it is left out;
     * NULL: they stay. What else the answer section has but CNAMEs is left out then, and the
     * authority too. */
    bool (*address)(const void *ctx, const uint8_t v4[4], uint8_t ret_v6[16]);
    /* Whether an AAAA of the answer section stays: one that does not is left out, and the
     * signatures of all of them; NULL: they stay. */
    bool (*keeps)(const void *ctx, const uint8_t v6[16]);
    const void *ctx; /* of either */
    /* What SVCB and HTTPS records of the answer section lose, and so their signatures; a record
     * that is nothing without it is left out. */
    enum hint without;
    uint32_t max_ttl_s;
    uint64_t now_us;
};

/* gives a new answer made of `from`'s records. The same failures. */
int compose_from(const struct answer *from, const struct compose_wish *wish,
                 struct answer **ret_answer);

#endif
