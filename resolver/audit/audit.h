/* SPDX-License-Identifier: MIT */
/* The auditor: compares what was learnt over HTTPS with what the local resolvers say, and raises an
 * alert when a rule of the judge (judge.h) proves a lie. Runs on one thread with its own port.
 * Workers tell it of answered questions through a bounded queue that drops when full: no client
 * ever waits for it.
 *
 * Does not know providers or curl: it asks controls through audit_door. Does not log: alerts go up
 * through audit_door. Bounds: AUDIT_QUEUE_MAX waiting, AUDIT_CASES_MAX cases open, the budgets of
 * HIJACK §3.7 (≤ 1 case a second with a burst of 5 and ≤ 600 an hour, in `all` 10 and 50 and no
 * bound by the hour; ≤ 4 local questions a meeting), AUDIT_SEEN_MAX verdicts remembered. */
#ifndef RESOLVER_AUDIT_AUDIT_H
#define RESOLVER_AUDIT_AUDIT_H

#include "resolver/audit/address.h"
#include "resolver/plain.h"
#include "resolver/wire/answer.h"

enum {
    AUDIT_QUEUE_MAX = 1024,
    AUDIT_CASES_MAX = 16,
    AUDIT_SEEN_MAX = 4096,
    AUDIT_CONTROLS_MAX = 4,
    AUDIT_SERVERS_MAX = 4,
    AUDIT_PUBLIC_MAX = 4,
    AUDIT_ADDRESSES_MAX = 16,
    AUDIT_OWN_MAX = 2, /* one a family */
    AUDIT_SETTLE_S = 30,
};

enum audit_mode { AUDIT_OFF, AUDIT_CANARY, AUDIT_WATCHLIST, AUDIT_SAMPLE, AUDIT_ALL };

/* May what stands behind the local resolvers' addresses be the user's own filter (Pi-hole, split
 * horizon)? AUTO: yes when the address is private, loopback or link-local (HIJACK P2). */
enum audit_filters { AUDIT_FILTERS_AUTO, AUDIT_FILTERS_YES, AUDIT_FILTERS_NO };

/* How names stand in alerts and evidence: as they are, or as keyed hashes (redact.h). */
enum audit_redact { AUDIT_REDACT_NONE, AUDIT_REDACT_HASH };
enum { AUDIT_REDACT_KEY = 16 };

/* May TLS tell who stands at an address? It shows the name to whom the local resolver chose. */
enum audit_tls { AUDIT_TLS_YES, AUDIT_TLS_NO };

struct audit_params {
    enum audit_mode mode;
    enum audit_filters filters;
    uint32_t recheck_s;           /* an artefact must be met again after so long: 30 by default */
    double sample;                /* share of questions in AUDIT_SAMPLE, 0 … 1 */
    const char *const *watchlist; /* names in presentation form, lent */
    size_t n_watchlist;
    const char *const *servers; /* local resolvers, as plain.h takes them; audit_new() copies */
    size_t n_servers;
    size_t n_controls; /* providers that may witness: asked by index 0 … n_controls-1 */
    const char *const *control_names; /* theirs, lent; may be NULL */
    /* Whose they are, as public.h numbers operators; lent; may be NULL. */
    const unsigned *control_operators;
    /* Public resolvers that may be asked on port 53, as plain.h takes them; lent. */
    const char *const *public_servers;
    size_t n_public_servers;   /* ≤ AUDIT_PUBLIC_MAX */
    const char *network;       /* what tells this network from others; copied; NULL: not known */
    const char *interface;     /* the local resolvers'; copied; NULL: not known */
    const struct address *own; /* as in audit_place */
    size_t n_own;
    enum audit_tls tls_proof;
    enum { AUDIT_PATH_YES, AUDIT_PATH_NO } path_probe; /* may it be asked where port 53 leads? */
    const char *ca_file;      /* roots for TLS proofs instead of the system's; NULL: those. Lent */
    const char *asn_database; /* "auto", "off" or a path, lent: for whoever fills origin_as() */
    /* Files of known block addresses, as fingerprints_load() takes them, lent: for whoever calls
     * audit_set_fingerprints(). */
    const char *const *fingerprints;
    size_t n_fingerprints;
    enum audit_redact redact;
    uint8_t redact_key[AUDIT_REDACT_KEY]; /* this host's, for redact.h */
    uint32_t interval_s;    /* mean time from one name of the patrol to the next: 210 */
    uint32_t clear_after_s; /* a lie not met for so long is over: 600 by default */
};

/* An alert: text for people and machines; all strings borrowed during the call. */
struct alert_field {
    const char *key; /* without prefix, upper case: "RULE", "QNAME" … (HIJACK §4) */
    const char *value;
};
struct alert {
    const char *message;    /* one line that reads alone */
    const char *message_id; /* 32 hex digits: one per verdict class */
    const char *verdict;    /* verdict class: "HIJACK_BOGON", "NXDOMAIN_REWRITE" */
    int priority;           /* syslog(3) severity */
    const struct alert_field *fields;
    size_t n_fields;
};

/* What the auditor needs of the world. */
struct audit_ask;
struct audit_proof;
struct ledger;
struct audit_door {
    void *ctx;
    struct ledger *ledger;        /* outlives the auditor: ledger.h */
    int64_t (*unix_s)(void *ctx); /* Unix time */
    /* Asks control i over HTTPS; ask->on_done comes later, never from inside. 0 or a failure. */
    int (*ask_control)(void *ctx, unsigned control, const struct question *question,
                       struct audit_ask *ask);
    void (*cancel_control)(void *ctx, struct audit_ask *ask);
    /* Has whoever stands at `address` (of the question's name) prove to be `name`, by TLS on port
     * 443. 0, -EBUSY when there are too many, or a failure; proof->on_done comes later, never from
     * inside. NULL: no TLS proofs. */
    int (*prove)(void *ctx, const struct name *name, const struct address *address,
                 struct audit_proof *proof);
    void (*cancel_proof)(void *ctx, struct audit_proof *proof);
    /* Is the address one of this machine's? NULL: not known of any. */
    bool (*is_own)(void *ctx, const struct address *address);
    /* The origin AS of an address, 0 when it is not known. NULL: nobody knows. */
    uint32_t (*origin_as)(void *ctx, const struct address *address);
    void (*on_alert)(void *ctx, const struct alert *alert);
    /* What the network is like, as a finding's word: CAPTIVE, ISP_RESOLVER_UNUSABLE. Once, until it
     * is otherwise. May be NULL. */
    void (*on_state)(void *ctx, const char *finding, const char *server);
    /* What this local resolver is asked comes back to us, so it says nothing of its own: once for
     * each set of them. May be NULL. */
    void (*on_loop)(void *ctx, const char *server);
    /* Called on any thread after audit_tell() queued something: make audit_drain() run on the
     * auditor's thread soon. */
    void (*wake)(void *ctx);
};

/* Embedded in its owner. The answer is borrowed; NULL: no answer to be had. */
struct audit_ask {
    bool want_do; /* with DO=1: the signatures too */
    void (*on_done)(struct audit_ask *ask, const struct answer *answer);
    void *handle;
};

/* Embedded in its owner. `outcome` is an enum tls_outcome; the certificate is borrowed. */
struct certificate;
struct audit_proof {
    void (*on_done)(struct audit_proof *proof, unsigned outcome,
                    const struct certificate *certificate);
    void *handle;
};

struct audit;
struct audit_counts {
    uint64_t n_told, n_dropped, n_checked, n_consistent, n_inconclusive, n_probable, n_confirmed;
};

/* gives the auditor, NULL without memory. Starts its schedule on `port` (nothing in mode off). */
struct audit *audit_new(const struct audit_params *params, const struct audit_door *door,
                        struct port *port, struct plain *plain);
struct audit *audit_free(struct audit *audit);

/* Any thread: a client asks for what must be asked of providers. Cheap: is it what the local
 * resolver was asked for, so that this leads back to us? */
void audit_hear(struct audit *audit, const struct question *question);
/* Any thread: a client was given `answer` for `question`. Cheap when the mode does not want it. */
void audit_tell(struct audit *audit, const struct question *question, const struct answer *answer);
/* The auditor's thread: looks at what was told. */
void audit_drain(struct audit *audit);
/* The auditor's thread: the network has changed, or the local resolvers have. What is under way is
 * given up, as evidence from two networks does not mix; the next check comes when the network had
 * AUDIT_SETTLE_S to settle (HIJACK G2). Texts are copied; there may be no server. */
struct audit_place {
    const char *network, *interface; /* NULL: not known */
    const char *const *servers;
    size_t n_servers;
    const struct address *own; /* this machine's addresses towards the world; NULL: none */
    size_t n_own;
};
void audit_set_place(struct audit *audit, const struct audit_place *place);
/* The auditor's thread: the network is still the same, and by now better known. Copied. */
void audit_name_network(struct audit *audit, const char *network);

/* The auditor's thread: lists of known block addresses (P7), lent until others are set or
 * audit_free(). NULL: none. */
struct fingerprints;
void audit_set_fingerprints(struct audit *audit, const struct fingerprints *fingerprints);

/* Fires an alert of the class ("HIJACK_BOGON" …) through the door on purpose, marked EVENT=test.
 * False when there is no such class. Needs no auditor. */
bool audit_alert_test(const struct audit_door *door, struct port *port, const char *class);
/* lends the i-th class that can be told; NULL behind the last. */
const char *audit_alert_class(size_t i);
void audit_count(struct audit *audit, struct audit_counts *ret_counts);

#endif
