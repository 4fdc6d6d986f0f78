/* SPDX-License-Identifier: MIT */
/* One question, put to a local resolver or to all controls: the auditor's legs. Says what was said;
 * decides nothing. Bound: it always ends, with nothing said at the latest after its time-outs. */
#ifndef RESOLVER_AUDIT_ASKING_H
#define RESOLVER_AUDIT_ASKING_H

#include "resolver/audit/budget.h"
#include "resolver/audit/evidence.h"
#include "resolver/audit/local.h"
#include "resolver/audit/trouble.h"

/* T11: names for which the local resolver lacked records of type HTTPS, by the zones they are
 * registered under. */
enum { HTTPS_LACKING_MAX = 4 };
struct https_memory {
    struct {
        uint64_t zone; /* hash */
        uint64_t until_us;
    } lacking[HTTPS_LACKING_MAX];
    size_t next;
};

/* What asking needs, and where it stands; lent by the auditor. */
struct asker {
    struct port *port;
    struct plain *plain;
    struct audit_door door;
    unsigned n_controls;              /* 0 … AUDIT_CONTROLS_MAX */
    const char *const *control_names; /* of the providers; may be NULL */
    char network[LOCAL_NETWORK_TEXT_MAX];
    char interface[SOURCE_INTERFACE_MAX]; /* "" when it is not known */
    struct address own[AUDIT_OWN_MAX];    /* this machine's, towards the world */
    size_t n_own;
    const unsigned *control_operators;        /* as audit_params has it; may be NULL */
    const char *const *public_servers;        /* that may be asked on port 53 */
    size_t n_public_servers;                  /* ≤ AUDIT_PUBLIC_MAX; 0: none may be */
    char dns64_server[PLAIN_SERVER_TEXT_MAX]; /* whose prefix is known; "": none's */
    struct address dns64;                     /* that it makes IPv6 of; n == 0: of none */
    unsigned dns64_bits;
    bool captive;              /* a portal answers for everything, as the last probe saw it */
    const uint8_t *redact_key; /* names leave as hashes under it; NULL: as they are */
    const struct fingerprints *fingerprints; /* lists of known block addresses; NULL: none */
    /* The local resolver that was proved to give an address for names that do not exist; "": none.
     */
    char rewriter[PLAIN_SERVER_TEXT_MAX];
    struct address rewritten;
    struct budget tls_budget;
    struct trouble trouble;
    unsigned n_patient;               /* cases that rest until an honest copy is gone */
    struct https_memory https_memory; /* of the local resolver in use */
};

struct asking;
struct asking_control {
    struct audit_ask ask;
    struct asking *asking;
    bool live;
    struct said said;
    struct answer *answer; /* where it is kept; NULL: none, or taken over */
};

/* Embedded in its owner. `on_done` comes when what was begun is over; it may begin anew. */
struct asking {
    const struct asker *asker;
    struct question question;
    void (*on_done)(struct asking *asking);
    void *ctx;
    struct port_timer timer;

    const char *server;
    unsigned n_tries_left;
    bool tcp;
    bool want_do; /* set before asking: with DO=1, and the answers are kept */
    bool keeps;   /* the answers are kept without DO=1, too */
    bool local_live;
    struct plain_call call;
    struct said local;     /* what the local resolver said */
    struct answer *answer; /* where it is kept: the same whole */

    size_t n_live;
    struct asking_control controls[AUDIT_CONTROLS_MAX]; /* .said: what the controls said */
};

/* Only sets the fields up. */
void asking_init(struct asking *asking, const struct asker *asker,
                 void (*on_done)(struct asking *asking), void *ctx);
/* Asks `server` (lent until the end) over UDP, up to `n_tries` times; a truncated reply is asked
 * again over TCP within these. */
void asking_local(struct asking *asking, const char *server, unsigned n_tries);
/* The same, once and over TCP. */
void asking_local_tcp(struct asking *asking, const char *server);
/* Asks every control. */
void asking_controls(struct asking *asking);
/* Cancels what is under way, and lets go of the answers kept; on_done does not come. */
void asking_stop(struct asking *asking);

#endif
