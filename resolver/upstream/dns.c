/* SPDX-License-Identifier: MIT */
/* Plain DNS to a server of the own network, carried by dns_carry.c: what comes back is checked like
 * every other answer, and its AD is worth nothing (PROMISES C6, E10). */
#include "resolver/upstream/drivers.h"

#include <errno.h>

static enum driver_serves dns_serves(const struct provider_params *provider,
                                     const struct question *question, bool want_do, bool want_cd)
{
    (void)provider, (void)question, (void)want_do, (void)want_cd;
    return DRIVER_READILY;
}

/* Never asked for: there is no HTTP request. */
static int dns_build(struct driver_call *call, struct driver_room *room,
                     struct exchange_request *request)
{
    (void)call, (void)room, (void)request;
    return -ENOTSUP;
}

static int dns_read(struct driver_call *call, const struct exchange_reply *reply,
                    const struct answer_expect *expect, struct driver_found *found)
{
    (void)call;
    struct answer_expect plainly = *expect;
    plainly.id = -1; /* c-ares has looked at it */
    int class = driver_read_message(reply->body, &plainly, found);
    if (found->answer != NULL) {
        found->answer->flags = (uint16_t)(found->answer->flags & ~FLAG_AD);
    }
    return class;
}

const struct driver driver_dns = {
    .name = "dns",
    .serves = dns_serves,
    .build = dns_build,
    .read = dns_read,
};
