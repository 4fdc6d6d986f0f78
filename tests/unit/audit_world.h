/* SPDX-License-Identifier: MIT */
/* The auditor in a small world of names: what the local resolver says and what HTTPS says. The
 * clock is virtual, providers and local resolvers are scripted. */
#ifndef TESTS_UNIT_AUDIT_WORLD_H
#define TESTS_UNIT_AUDIT_WORLD_H

#include "resolver/audit/ledger.h"
#include "tests/unit/fake_plain.h"
#include "tests/unit/fake_race.h"
#include "tests/unit/fake_port.h"

#include <stdatomic.h>

enum { CONTROLS_LIVE_MAX = 256, FACTS_MAX = 16, ALERTS_MAX = 32 };

#define SECOND UINT64_C(1000000)
#define HOUR   (3600 * SECOND)

/* What is said of a name; words as in said.h. */
struct fact {
    const char *name;
    const char *local, *https;
    const char *second; /* what comes behind the first reply; NULL: nothing */
    /* Its records of type HTTPS: "ech", "plain", "NOTIMP", "" for silence; NULL: none. */
    const char *local_records, *https_records;
    const char *local_zone, *https_zone; /* "zone primary serial"; NULL: no SOA is told */
    const char *local_end, *https_end;   /* where its name ends; NULL: no CNAME */
    uint32_t local_ttl_s;                /* 0: 300 */
    /* When not 0: `local` is a copy that runs out then, and is followed by what HTTPS says. */
    uint64_t local_until_us;
};

/* Who stands where, by TLS: outcomes of handshakes with an address, for any name. */
struct stand {
    const char *address;
    enum tls_outcome outcome;
};
enum { STANDS_MAX = 8, PROOFS_LIVE_MAX = 2 };
struct proof {
    bool live;
    struct audit_proof *proof;
    enum tls_outcome outcome;
    struct port_timer timer;
};

/* What AS an address is of; the others' is not known. */
struct home {
    const char *address;
    uint32_t asn;
};
enum { HOMES_MAX = 8 };

/* A public resolver: what it says when it is asked who it is; NULL for silence. */
struct public_resolver {
    const char *server;
    const char *whoami, *id;
};

struct control {
    bool live;
    struct audit_ask *ask;
    struct question question;
    struct port_timer timer;
};

struct told_alert {
    char message[2100];
    char verdict[32];
    char message_id[40];
    char fields[4000];
};

struct audit_world {
    struct fake_port clock;
    struct plain *plain;
    struct audit *audit;
    struct ledger *ledger;
    struct audit_params params;
    const char *servers[2];

    struct fact facts[FACTS_MAX];
    size_t n_facts;
    const char *rewrite;    /* what the local resolver says for names that do not exist */
    const char *translated; /* what it says for ipv4only.arpa; NULL: as for any other name */
    const char *captive;    /* what it says for every name */
    const char *elsewise;   /* what it says from the second asking of a name on */
    const char *dead_server;
    const char *loop_server; /* asks us what it is asked; NULL: none does */
    size_t n_loops_told;
    char loop_told[64];
    char asked_names[512][64]; /* by the local resolver, in order */
    size_t n_asked;
    bool doubles;   /* what is asked on an open socket is answered twice, the same */
    bool truncates; /* over UDP it says that there would be more, and nothing else */
    bool controls_dead;
    unsigned n_intercepted; /* of the addresses where no DNS can be: so many answer */
    size_t n_nowhere_asked;
    struct public_resolver publics[AUDIT_PUBLIC_MAX]; /* those that are there */
    size_t n_public_asked;
    const char *public_server; /* asked for a name, it says what HTTPS says; NULL: nobody does */
    const char *whoami_over_https; /* what it says there when asked where it asks from */
    size_t n_states_told;
    char state_told[32];
    const char *id_over_https; /* what an operator says there when asked who it is */
    bool tls;                  /* can be proved, as stands[] says; what is not there fails */
    struct stand stands[STANDS_MAX];
    struct proof proofs[PROOFS_LIVE_MAX];
    char proved[256][ADDRESS_TEXT_MAX]; /* the addresses tried, in order */
    size_t n_proved;
    size_t n_tcp_asked, n_records_asked, n_zones_asked; /* of the local resolver */
    const char *own_address; /* of this machine, beside what params.own says; NULL: none */
    struct home homes[HOMES_MAX];
    /* What is said to questions with DO=1, as messages; n == 0: the same as without. */
    struct bytes signed_local, signed_control, signed_keys;
    size_t n_signed_asked; /* of the local resolver */

    struct control controls[CONTROLS_LIVE_MAX];
    size_t n_control_asked;
    atomic_size_t n_wakes;
    struct told_alert alerts[ALERTS_MAX];
    size_t n_alerts;
};

extern struct audit_world world;

struct question question_for(const char *name, uint16_t type);
/* What HTTPS says of it, in words; one reference. */
struct answer *answer_for(const struct question *question, const char *words);
/* How often the local resolver was asked for that name. */
size_t times_asked(const char *name);
void add_fact(const char *name, const char *local, const char *https);
/* Who stands at the address, by TLS. */
static inline void add_stand(const char *address, enum tls_outcome outcome)
{
    for (size_t i = 0; i < STANDS_MAX; i++) {
        if (world.stands[i].address == NULL) {
            world.stands[i] = (struct stand){address, outcome};
            return;
        }
    }
}

/* lends the fact about the name. */
struct fact *fact_of(const char *name);
void audit_world_set_up(void);
/* With world.params, which the test may have changed. */
void start(void);
void audit_world_tear_down(void);
void pass(uint64_t seconds);
/* A client was told that. */
void tell(const char *name, const char *https);
/* The same for a question for AAAA. */
void tell_v6(const char *name, const char *https);
struct audit_counts counts(void);
/* Alerts of that event: "detect", "repeat" … */
size_t n_alerts_of(const char *event);
void assert_says(const char *text, const char *part);

#endif
