/* SPDX-License-Identifier: MIT */
/* The contract of a provider protocol: a question becomes a request, a reply becomes an answer and
 * a class that says what it means. One `const struct driver` a protocol; attempt.c is the only
 * caller.
 *
 * A driver does no I/O. What it learns of its provider stands in the provider's driver_memory; what
 * else it must fetch (keys, service addresses) is an errand, which the pool runs for it. */
#ifndef RESOLVER_UPSTREAM_DRIVER_H
#define RESOLVER_UPSTREAM_DRIVER_H

#include "resolver/port.h"
#include "resolver/upstream/provider.h"
#include "resolver/wire/answer.h"

enum { DRIVER_BODY_MAX = 1024, DRIVER_TARGET_MAX = 4096, DRIVER_HEADER_MAX = 256 };

/* What a whole HTTP reply comes to. */
enum driver_class {
    DRIVER_OK = 1,        /* found->answer is what the provider said: look at its rcode */
    DRIVER_NODATA,        /* the name has no such type, and the provider said so */
    DRIVER_NXDOMAIN,      /* there is no such name, and the provider said so */
    DRIVER_UNKNOWN_EMPTY, /* nothing came, and not why: no such name, no such type, or not its
                             customer's. found->answer is NODATA, for want of better */
    DRIVER_AUTH,          /* our credentials do not hold: asking again is no use */
    DRIVER_NOT_SERVED,    /* this name or type is not to be had there */
    DRIVER_SERVER,        /* the server's trouble: another may do better */
    DRIVER_CLOCK,         /* our signature's time does not hold: set right once, asked once more */
    DRIVER_RATE,          /* too many questions: leave it alone for a while */
    DRIVER_PARSE,         /* no reply of this protocol: a broken server, or a captive portal */
    DRIVER_AGAIN,         /* what was learnt (a method, a key) mends it: asked once more */
};

enum driver_serves {
    DRIVER_NEVER,     /* cannot ask this there */
    DRIVER_RELUCTANT, /* can, but whoever speaks DNS messages does it better */
    DRIVER_READILY,
};

/* What was learnt of one provider; one a provider and worker, zeroed at first. */
struct driver_memory {
    bool wants_get;
    bool no_edns;          /* it does not understand messages with EDNS */
    int64_t clock_ahead_s; /* the provider's clock less ours */
    void *own;             /* the driver's, from open() to close() */
};

/* One question at one provider, or with question NULL an errand. All borrowed. */
struct driver_call {
    const struct provider_params *provider;
    const struct exchange_endpoint *endpoint; /* the provider's, with the addresses found */
    const struct question *question;
    bool want_do, want_cd;
    struct driver_memory *memory;
    struct port *port;
    void *kept; /* what build() allocated for read(); ended by forget() */
};

/* What a built request refers to; must outlive it. */
struct driver_room {
    uint8_t body[DRIVER_BODY_MAX];
    char target[DRIVER_TARGET_MAX];
    char header[DRIVER_HEADER_MAX];
};

/* Addresses for the provider's endpoint from now on: an array that never changes, lent until
 * close(). */
struct driver_addresses {
    const char *const *at;
    size_t n;
};

/* What a reply says of the name's other address family, to whom that is a question. */
struct driver_other {
    int class;             /* a driver_class; 0: nothing */
    struct answer *answer; /* given as driver_found's is */
};

struct driver_found {
    struct answer *answer; /* given (one reference) with OK, NODATA, NXDOMAIN, UNKNOWN_EMPTY */
    struct driver_other other;
    int check;        /* why a DNS message was refused: an answer_outcome; 0: none was */
    const char *why;  /* lent for ever: what was wrong, for a person; never holds a secret */
    int64_t server_s; /* the provider's Unix time, where the body tells it; else 0 */
    struct driver_addresses addresses; /* n is 0: no change */
};

enum driver_errand {
    DRIVER_ERRAND_NONE,   /* nothing to fetch now */
    DRIVER_ERRAND_DUE,    /* to be fetched beside the questions */
    DRIVER_ERRAND_NEEDED, /* no question can be built before it is done */
};

struct driver {
    const char *name;
    /* Where the service is, unless configured otherwise; NULL: nowhere. */
    const char *url;
    const char *const *addresses; /* NULL at the end; NULL: none */
    /* The same for what an account's own cipher hides, over http; NULL: there as well. */
    const char *clear_url;
    const char *const *clear_addresses;
    bool addresses_alone; /* it knows no other types */
    /* Reads a reply's Date, for the clock. */
    bool wants_date;
    size_t body_max; /* octets a reply may have; 0: a DNS message's */

    enum driver_serves (*serves)(const struct provider_params *provider,
                                 const struct question *question, bool want_do, bool want_cd);
    /* Fills method, media_type, and body, target, header as they apply; request->endpoint is set.
     * -EMSGSIZE when the request grows too long, -ENOTSUP when an algorithm is missing, -ESHUTDOWN
     * while the vendor has switched the service off, -ENOMEM, -EAGAIN when an errand has to be done
     * first. */
    int (*build)(struct driver_call *call, struct driver_room *room,
                 struct exchange_request *request);
    /* Of a reply that came whole (EXCHANGE_DONE). A driver_class, or -ENOMEM. */
    int (*read)(struct driver_call *call, const struct exchange_reply *reply,
                const struct answer_expect *expect, struct driver_found *found);

    /* The rest may be NULL. */
    /* True when one request asks for both A and AAAA of a name, so that a reply that says anything
     * of the one says something of the other. NULL: never. */
    bool (*asks_both)(const struct provider_params *provider);
    void (*forget)(struct driver_call *call); /* frees call->kept */
    int (*open)(const struct provider_params *provider, struct driver_memory *memory);
    void (*close)(struct driver_memory *memory);
    /* Nobody answered as the provider at the addresses in use: others, or {NULL, 0}. */
    struct driver_addresses (*failed)(struct driver_call *call);
    /* Builds the errand's request when there is one to run; asked before each question, while the
     * errand is under way as well. May set another endpoint, whose id is the provider's + POOL_MAX.
     */
    enum driver_errand (*errand)(struct driver_call *call, struct driver_room *room,
                                 struct exchange_request *request);
    /* The same errand as a question, which another provider is asked first; false: it is none. */
    bool (*errand_question)(struct driver_call *call, struct question *ret_question);
    /* Its answer. True when that was what the errand was for; else the request is made. */
    bool (*errand_answer)(struct driver_call *call, const struct answer *answer);
    /* lends where errands go when not to the provider's own endpoint (NULL: there); its id is the
     * provider's + POOL_MAX. Without addresses, they are looked up as the provider's are. */
    const struct exchange_endpoint *(*errand_endpoint)(const struct provider_params *provider);
    /* The errand's reply, whatever its result. Returns what is to become the provider's addresses,
     * {NULL, 0}: no change. */
    struct driver_addresses (*errand_done)(struct driver_call *call,
                                           const struct exchange_reply *reply);
};

/* lends the driver of a protocol. */
const struct driver *driver_of(enum pool_protocol protocol);

/* Unix time by the provider's clock, as far as it is known. */
static inline int64_t driver_now_s(const struct driver_call *call)
{
    return port_wall_s(call->port) + call->memory->clock_ahead_s;
}

/* True for a 2xx status with this media type, case and parameters aside. */
bool driver_is_type(const struct exchange_reply *reply, const char *media_type);

#endif
