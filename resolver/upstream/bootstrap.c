/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/bootstrap.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { N_FAMILIES = 2, ASK_TIMEOUT_MS = 1500, GRACE_MS = 100, HOST_TEXT_MAX = 256, SETS_KEPT = 64 };

#define SET_LENT_US (UINT64_C(1000000) * BOOTSTRAP_LENT_S)

/* One set of addresses. A provider moves a few times a year, but who lies about it may say another
 * thing each time: the last SETS_KEPT are kept, and none is freed while a request that was sent
 * there may be under way. */
struct address_set {
    struct address_set *former;
    uint64_t left_us; /* when another came in its place */
    enum bootstrap_source source;
    size_t n;
    const char *at[BOOTSTRAP_ADDRESSES_MAX];
    char text[BOOTSTRAP_ADDRESSES_MAX][INET6_ADDRSTRLEN];
};

/* One question to one source, in plain DNS or to a provider. */
struct ask {
    struct plain_call plain;
    struct bootstrap_asked asked;
    struct leg *leg;
    uint8_t family; /* index of the question */
    bool runs;
};

/* One source that is asked, for both families. */
struct leg {
    struct bootstrap *bootstrap;
    struct ask asks[N_FAMILIES];
    bool by_provider;
};

struct bootstrap {
    struct bootstrap_params params;
    bool has_name;
    struct question questions[N_FAMILIES]; /* A, AAAA */
    struct leg legs[BOOTSTRAP_LEGS];
    struct port_timer timer; /* of the round: the next source, or its end */
    bool runs;               /* a round is under way */
    size_t next, n_sources;  /* of the round */
    size_t n_providers;
    bool providers_first;
    size_t turn;               /* sources whose addresses turned out bad are asked last */
    struct address_set *all;   /* newest first */
    struct address_set *set;   /* in use */
    struct address_set *good;  /* proved last; NULL: none yet */
    struct address_set *bad;   /* disproved last */
    struct address_set *fresh; /* what the round under way has found; not in `all` */
    bool good_failed;
    uint64_t asked_us, found_us;
    bool asked, found;
};

bool bootstrap_host_of(const char *url, struct name *ret_host)
{
    static const char scheme[] = "https://";
    char text[HOST_TEXT_MAX];
    struct in_addr v4;
    if (strncmp(url, scheme, sizeof scheme - 1) != 0 || url[sizeof scheme - 1] == '[') {
        return false;
    }
    const char *host = url + sizeof scheme - 1;
    size_t n = strcspn(host, ":/?#");
    if (n == 0 || n >= sizeof text) {
        return false;
    }
    memcpy(text, host, n);
    text[n] = '\0';
    return inet_pton(AF_INET, text, &v4) != 1 && name_from_text(text, ret_host) == 0;
}

/* ---- sets of addresses ---- */

static void add_text(struct address_set *set, const char *text)
{
    size_t n = strlen(text);
    if (set->n < BOOTSTRAP_ADDRESSES_MAX && n < sizeof set->text[0]) {
        memcpy(set->text[set->n], text, n + 1);
        set->at[set->n] = set->text[set->n];
        set->n++;
    }
}

static bool contains(const struct address_set *set, const char *text)
{
    for (size_t i = 0; i < set->n; i++) {
        if (strcmp(set->text[i], text) == 0) {
            return true;
        }
    }
    return false;
}

static void add_address(struct address_set *set, int family, struct bytes rdata)
{
    char text[INET6_ADDRSTRLEN];
    if (rdata.n == (family == AF_INET ? 4 : 16) &&
        inet_ntop(family, rdata.at, text, sizeof text) != NULL && !contains(set, text)) {
        add_text(set, text);
    }
}

static bool same_set(const struct address_set *a, const struct address_set *b)
{
    if (a == NULL || b == NULL || a->n != b->n) {
        return false;
    }
    for (size_t i = 0; i < a->n; i++) {
        if (!contains(b, a->text[i])) {
            return false;
        }
    }
    return true;
}

static void switch_to(struct bootstrap *b, struct address_set *set)
{
    if (b->set != NULL && b->set != set) {
        b->set->left_us = port_now_us(b->params.port);
    }
    b->set = set;
}

static void drop_left(struct bootstrap *b)
{
    uint64_t now_us = port_now_us(b->params.port);
    size_t n = 0;
    for (struct address_set **at = &b->all; *at != NULL;) {
        struct address_set *one = *at;
        bool in_use = one == b->set || one == b->good || one == b->bad;
        if (in_use || ++n <= SETS_KEPT || now_us - one->left_us < SET_LENT_US) {
            at = &one->former;
            continue;
        }
        *at = one->former;
        free(one);
    }
}

/* Takes the set. */
static void use_set(struct bootstrap *b, struct address_set *set)
{
    set->former = b->all;
    b->all = set;
    switch_to(b, set);
    drop_left(b);
}

static bool take_kept(struct bootstrap *b)
{
    if (b->params.n_kept == 0) {
        return true;
    }
    struct address_set *set = calloc(1, sizeof *set);
    if (set == NULL) {
        return false;
    }
    for (size_t i = 0; i < b->params.n_kept; i++) {
        add_text(set, b->params.kept[i]);
    }
    set->source = BOOTSTRAP_KEPT;
    use_set(b, set);
    b->good = set;
    return true;
}

/* ---- asking one source ---- */

static void on_heard(struct ask *ask, const struct answer *answer);

static void on_plain(struct plain_call *call, enum plain_result result, struct bytes message,
                     uint32_t rtt_us)
{
    (void)rtt_us;
    struct ask *ask = (struct ask *)(void *)((char *)call - offsetof(struct ask, plain));
    struct bootstrap *b = ask->leg->bootstrap;
    struct answer_expect expect = {.question = &b->questions[ask->family],
                                   .id = -1,
                                   .now_us = port_now_us(b->params.port),
                                   .max_ttl_s = 86400};
    owned(answer_unrefp) struct answer *answer = NULL;
    if (result == PLAIN_REPLIED && answer_read(message, &expect, &answer) != ANSWER_OK) {
        answer = answer_unref(answer);
    }
    on_heard(ask, answer);
}

static void on_asked(struct bootstrap_asked *asked, const struct answer *answer)
{
    on_heard((struct ask *)(void *)((char *)asked - offsetof(struct ask, asked)), answer);
}

static bool leg_runs(const struct leg *leg)
{
    return leg->asks[0].runs || leg->asks[1].runs;
}

static void leg_cancel(struct leg *leg)
{
    struct bootstrap *b = leg->bootstrap;
    for (size_t i = 0; i < N_FAMILIES; i++) {
        struct ask *ask = &leg->asks[i];
        if (ask->runs && leg->by_provider) {
            b->params.door.cancel(b->params.door.ctx, &ask->asked);
        } else if (ask->runs) {
            plain_cancel(b->params.plain, &ask->plain);
        }
        ask->runs = false;
    }
}

/* Source i of the round: the providers before the local resolvers, or after them. *ret_i counts
 * within its kind. */
static bool is_provider(const struct bootstrap *b, size_t i, size_t *ret_i)
{
    size_t n_plain = b->n_sources - b->n_providers;
    i = (i + b->turn) % b->n_sources;
    bool by_provider = b->providers_first ? i < b->n_providers : i >= n_plain;
    size_t before = b->providers_first ? b->n_providers : n_plain;
    *ret_i = i < before ? i : i - before;
    return by_provider;
}

static int ask_one(struct bootstrap *b, struct ask *ask, size_t i)
{
    const struct question *question = &b->questions[ask->family];
    if (ask->leg->by_provider) {
        ask->asked = (struct bootstrap_asked){.on_done = on_asked};
        return b->params.door.ask(b->params.door.ctx, i, question, &ask->asked);
    }
    if (i >= plain_n_servers(b->params.plain)) {
        return -ENOENT; /* there are fewer by now */
    }
    struct plain_request request = {.server = plain_server(b->params.plain, i),
                                    .question = question,
                                    .timeout_ms = ASK_TIMEOUT_MS};
    ask->plain = (struct plain_call){.on_done = on_plain};
    return plain_ask(b->params.plain, &request, &ask->plain);
}

/* Asks source i; false when it cannot be asked. */
static bool leg_ask(struct leg *leg, size_t i)
{
    struct bootstrap *b = leg->bootstrap;
    leg->by_provider = is_provider(b, i, &i);
    for (size_t k = 0; k < N_FAMILIES; k++) {
        leg->asks[k].runs = ask_one(b, &leg->asks[k], i) == 0;
    }
    return leg_runs(leg);
}

/* ---- a round ---- */

static struct leg *idle_leg(struct bootstrap *b)
{
    for (size_t i = 0; i < BOOTSTRAP_LEGS; i++) {
        if (!leg_runs(&b->legs[i])) {
            return &b->legs[i];
        }
    }
    return NULL;
}

static bool any_leg_runs(const struct bootstrap *b)
{
    bool runs = false;
    for (size_t i = 0; i < BOOTSTRAP_LEGS; i++) {
        runs = runs || leg_runs(&b->legs[i]);
    }
    return runs;
}

static void stop_round(struct bootstrap *b)
{
    for (size_t i = 0; i < BOOTSTRAP_LEGS; i++) {
        leg_cancel(&b->legs[i]);
    }
    port_timer_stop(b->params.port, &b->timer);
    free(b->fresh);
    b->fresh = NULL;
    b->runs = false;
}

static void take_fresh(struct bootstrap *b)
{
    b->found_us = port_now_us(b->params.port);
    b->found = true;
    bool is_known_lie = same_set(b->bad, b->fresh) && b->good != NULL && !b->good_failed;
    if (!is_known_lie && !same_set(b->set, b->fresh)) {
        use_set(b, b->fresh);
        b->fresh = NULL;
    }
}

static void end_round(struct bootstrap *b)
{
    if (b->fresh->n > 0) {
        take_fresh(b);
    }
    stop_round(b);
    b->params.on_done(b->params.ctx);
}

static void timer_in_ms(struct bootstrap *b, uint32_t ms)
{
    struct port *port = b->params.port;
    int failure = port_timer_start(port, &b->timer, port_now_us(port) + (uint64_t)ms * 1000);
    assert(failure == 0); /* it runs already: moving it needs no memory */
    (void)failure;
}

/* The next source that can be asked, when there is a leg for it; again before long while more are
 * left. */
static void step(struct bootstrap *b)
{
    struct leg *leg = b->next < b->n_sources ? idle_leg(b) : NULL;
    while (leg != NULL && b->next < b->n_sources && !leg_ask(leg, b->next)) {
        b->next++;
    }
    b->next += leg != NULL && b->next < b->n_sources;
    if (any_leg_runs(b)) {
        timer_in_ms(b, b->next < b->n_sources ? BOOTSTRAP_STAGGER_MS : 2 * ASK_TIMEOUT_MS);
    } else {
        timer_in_ms(b, 0);
    }
}

/* A family that is late is waited for a little when the other has brought something. */
static void on_heard(struct ask *ask, const struct answer *answer)
{
    struct bootstrap *b = ask->leg->bootstrap;
    uint16_t type = b->questions[ask->family].type;
    ask->runs = false;
    if (answer != NULL) {
        struct answer_walk walk = answer_walk(answer);
        struct answer_record record;
        while (answer_next(&walk, &record) && walk.n_done <= answer->n_answers) {
            if (record.type == type) {
                b->fresh->source = ask->leg->by_provider ? BOOTSTRAP_PROVIDER : BOOTSTRAP_PLAIN;
                add_address(b->fresh, type == TYPE_A ? AF_INET : AF_INET6, record.rdata);
            }
        }
    }
    if (b->fresh->n > 0) {
        timer_in_ms(b, leg_runs(ask->leg) ? GRACE_MS : 0);
    } else if (!leg_runs(ask->leg)) {
        step(b);
    }
}

static void on_timer(struct port_timer *timer)
{
    struct bootstrap *b =
        (struct bootstrap *)(void *)((char *)timer - offsetof(struct bootstrap, timer));
    bool over = b->fresh->n > 0 || (b->next >= b->n_sources);
    /* A timer that has fired is not running: what moves it below may need memory. */
    if (over ||
        port_timer_start(b->params.port, &b->timer,
                         port_now_us(b->params.port) + (uint64_t)ASK_TIMEOUT_MS * 2000) < 0) {
        end_round(b);
        return;
    }
    step(b);
}

static void count_sources(struct bootstrap *b)
{
    const struct bootstrap_params *p = &b->params;
    bool good = false;
    size_t n_plain = p->plain != NULL ? plain_n_servers(p->plain) : 0;
    b->n_providers = p->door.count != NULL ? p->door.count(p->door.ctx, &good) : 0;
    b->providers_first = good;
    n_plain = n_plain + b->n_providers > BOOTSTRAP_SOURCES_MAX
                  ? BOOTSTRAP_SOURCES_MAX - b->n_providers
                  : n_plain;
    b->n_sources = b->n_providers + n_plain;
    b->next = 0;
    b->asked_us = port_now_us(p->port);
}

/* False when there is nobody to ask. */
static bool begin_round(struct bootstrap *b)
{
    struct port *port = b->params.port;
    count_sources(b);
    if (b->n_sources == 0 || port_timer_start(port, &b->timer, b->asked_us) < 0) {
        return false;
    }
    b->fresh = calloc(1, sizeof *b->fresh);
    if (b->fresh == NULL) {
        port_timer_stop(port, &b->timer);
        return false;
    }
    b->asked = true;
    b->runs = true;
    step(b);
    return true;
}

bool bootstrap_ask(struct bootstrap *b)
{
    bool hurry = !b->found || b->set != b->good;
    uint64_t pause_s = hurry ? BOOTSTRAP_HURRY_S : BOOTSTRAP_PAUSE_S;
    if (b->runs) {
        return true;
    }
    if (!b->has_name ||
        (b->asked && port_now_us(b->params.port) - b->asked_us < pause_s * 1000000)) {
        return false;
    }
    return begin_round(b);
}

void bootstrap_ask_anew(struct bootstrap *b)
{
    b->turn = 0;
    b->good_failed = false;
    if (!b->runs) {
        b->asked = false;
        bootstrap_ask(b);
        return;
    }
    /* Whoever waits for this round goes on waiting, so it begins anew rather than ends. */
    for (size_t i = 0; i < BOOTSTRAP_LEGS; i++) {
        leg_cancel(&b->legs[i]);
    }
    b->fresh->n = 0;
    count_sources(b);
    step(b);
}

/* ---- what became of them ---- */

bool bootstrap_note_good(struct bootstrap *b, const char *const *addresses, bool connected)
{
    if (b->set == NULL || addresses != b->set->at || (b->good != NULL && !connected)) {
        return false;
    }
    bool first = b->good != b->set;
    b->bad = b->bad != b->set ? b->bad : NULL;
    b->good = b->set;
    b->good_failed = false;
    b->turn = 0;
    return first;
}

bool bootstrap_note_bad(struct bootstrap *b, const char *const *addresses)
{
    struct address_set *before = b->set;
    if (b->set == NULL || addresses != b->set->at) {
        return b->set != NULL;
    }
    if (b->set == b->good) {
        b->good_failed = true;
    } else {
        b->bad = b->set;
        b->turn++;
        switch_to(b, b->good != NULL && !b->good_failed ? b->good : b->set);
    }
    bootstrap_ask(b);
    return b->set != before;
}

bool bootstrap_is_old(const struct bootstrap *b)
{
    return !b->found ||
           port_now_us(b->params.port) - b->found_us >= (uint64_t)BOOTSTRAP_KEEP_S * 1000000;
}

struct bootstrap_found bootstrap_found(const struct bootstrap *b)
{
    if (b->set == NULL) {
        return (struct bootstrap_found){.n_addresses = 0};
    }
    return (struct bootstrap_found){b->set->at, b->set->n, b->set->source};
}

/* ---- making and freeing ---- */

struct bootstrap *bootstrap_new(const struct bootstrap_params *params)
{
    static const uint16_t types[N_FAMILIES] = {TYPE_A, TYPE_AAAA};
    struct bootstrap *b = calloc(1, sizeof *b);
    struct name host;
    if (b == NULL) {
        return NULL;
    }
    b->params = *params;
    b->timer.on_fire = on_timer;
    b->has_name = bootstrap_host_of(params->url, &host);
    for (size_t i = 0; i < BOOTSTRAP_LEGS; i++) {
        b->legs[i].bootstrap = b;
        for (size_t k = 0; k < N_FAMILIES; k++) {
            b->legs[i].asks[k].leg = &b->legs[i];
            b->legs[i].asks[k].family = (uint8_t)k;
        }
    }
    for (size_t i = 0; i < N_FAMILIES && b->has_name; i++) {
        name_lower(&host);
        b->questions[i] = (struct question){host, types[i], CLASS_IN};
    }
    return take_kept(b) ? b : bootstrap_free(b);
}

struct bootstrap *bootstrap_free(struct bootstrap *b)
{
    if (b == NULL) {
        return NULL;
    }
    if (b->runs) {
        stop_round(b);
    }
    while (b->all != NULL) {
        struct address_set *set = b->all;
        b->all = set->former;
        free(set);
    }
    free(b);
    return NULL;
}
