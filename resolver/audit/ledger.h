/* SPDX-License-Identifier: MIT */
/* What was proved, and what was told of it. A lie that goes on is one incident: it is told when it
 * is found, when it turns out to concern many names, in summaries ever further apart, and when it
 * is over. Knows no words; decides what is to be told, and remembers verdicts with their evidence.
 *
 * Lives as long as the process, so that a reload tells nothing anew. Any thread may call anything.
 * Bounds: LEDGER_INCIDENTS_MAX incidents, LEDGER_RING_MAX verdicts with at most LEDGER_JSON_MAX
 * bytes of evidence each, LEDGER_ALERTS_AN_HOUR alerts. */
#ifndef RESOLVER_AUDIT_LEDGER_H
#define RESOLVER_AUDIT_LEDGER_H

#include "resolver/audit/judge.h"
#include "resolver/audit/local.h"

enum {
    LEDGER_INCIDENTS_MAX = 64,
    LEDGER_NAMES_MAX = 64,  /* of one incident, known apart */
    LEDGER_SAMPLES_MAX = 5, /* of these, named */
    LEDGER_CLUSTER_NAMES = 3,
    LEDGER_CLEAR_CHECKS = 3,
    LEDGER_ALERTS_AN_HOUR = 10,
    LEDGER_RING_MAX = 256,
    LEDGER_JSON_MAX = 16 * 1024,
};

enum ledger_event {
    LEDGER_QUIET,
    LEDGER_DETECT,
    LEDGER_REPEAT,   /* it has gone on: a summary */
    LEDGER_CLUSTER,  /* one artefact, many names */
    LEDGER_CLEAR,    /* it is over */
    LEDGER_OVERFLOW, /* more alerts than may be told: this one line says so */
};

/* What an incident is about. */
struct ledger_subject {
    char network[LOCAL_NETWORK_TEXT_MAX];
    char server[PLAIN_SERVER_TEXT_MAX];
    enum finding finding;
    enum rule rule;
    struct address artefact;  /* n == 0: none */
    struct question question; /* name.n == 0: it is about no name of its own */
};

/* An incident as it stands; a copy. */
struct ledger_view {
    struct ledger_subject subject; /* as it was first met */
    uint8_t id[16];
    uint64_t first_us, last_us;        /* the port's time */
    int64_t first_unix_s, last_unix_s; /* Unix time */
    uint64_t n_met;
    size_t n_names; /* stops at LEDGER_NAMES_MAX */
    struct question samples[LEDGER_SAMPLES_MAX];
    size_t n_samples;
    uint64_t n_untold; /* with LEDGER_OVERFLOW: alerts kept back so far */
};

struct ledger_now {
    struct port *port; /* time and ids */
    int64_t unix_s;
};

struct ledger;

/* gives the ledger, NULL without memory. `clear_after_s`: so long a lie must not have been met. */
struct ledger *ledger_new(uint32_t clear_after_s);
struct ledger *ledger_free(struct ledger *ledger);
void ledger_set_clear_after(struct ledger *ledger, uint32_t clear_after_s);

/* A lie was proved: what is to be told now. *ret_view is written unless QUIET. */
enum ledger_event ledger_confirmed(struct ledger *ledger, const struct ledger_now *now,
                                   const struct ledger_subject *subject,
                                   struct ledger_view *ret_view);
/* The subject's name (or, without a name, the finding) was found as it should be. Artefact and rule
 * are not looked at, nor with a name is the finding. */
enum ledger_event ledger_consistent(struct ledger *ledger, const struct ledger_now *now,
                                    const struct ledger_subject *subject,
                                    struct ledger_view *ret_view);
/* The next summary that is due: LEDGER_REPEAT, or QUIET when there is none. */
enum ledger_event ledger_summary(struct ledger *ledger, const struct ledger_now *now,
                                 struct ledger_view *ret_view);
/* An open incident of that network and server whose turn it is to be looked at again; false when
 * there is none. Soon after it was met, ever more rarely while it goes on (HIJACK §3.7). */
bool ledger_follow(struct ledger *ledger, const struct ledger_now *now, const char *network,
                   const char *server, struct ledger_subject *ret_subject);
size_t ledger_n_open(struct ledger *ledger);

/* A verdict with its evidence, for whoever asks later. */
struct ledger_record {
    struct ledger_subject subject;
    enum verdict verdict;
    int64_t unix_s;
    char *evidence; /* JSON text; may be NULL */
};
/* Takes record->evidence. */
void ledger_keep(struct ledger *ledger, const struct ledger_record *record);
/* gives copies of at most `room` records, the newest first; their evidence is the caller's to
 * free. Returns how many. */
size_t ledger_records(struct ledger *ledger, struct ledger_record *ret_records, size_t room);

#endif
