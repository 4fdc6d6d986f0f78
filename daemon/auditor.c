/* SPDX-License-Identifier: MIT */
#include "daemon/auditor.h"

#include "daemon/alert.h"
#include "daemon/blockpages.h"
#include "daemon/log.h"
#include "daemon/loop.h"
#include "daemon/origins.h"
#include "config/own.h"
#include "resolver/audit/public.h"
#include "resolver/plain.h"
#include "resolver/upstream/curl/curl.h"
#include "resolver/upstream/curl/proof.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum {
    ATTEMPTS_MAX = AUDIT_CASES_MAX * AUDIT_CONTROLS_MAX * 4,
    CONNECT_TIMEOUT_MS = 2000,
    ASK_TIMEOUT_MS = 4000,
    CONNECTIONS_PER_PROVIDER = 1,
    LOCALS_EVERY_S = 5, /* how soon a change of the network is seen */
};

struct auditor {
    const struct config *config;
    struct locals *locals;
    struct ledger *ledger;
    const char *control_names[AUDIT_CONTROLS_MAX];
    unsigned control_operators[AUDIT_CONTROLS_MAX];
    struct local_network network;
    char network_text[LOCAL_NETWORK_TEXT_MAX];
    struct local_resolvers found; /* lends the two below */
    const char *servers[AUDIT_SERVERS_MAX];
    size_t n_servers;
    const char *all[LOCAL_MAX]; /* for bootstrap */
    size_t n_all;
    uint64_t locals_seen;
    struct port_timer locals_timer;
    struct loop loop;
    struct exchange *exchange;
    struct plain *plain;
    struct pool *pool;
    struct prover *prover;
    struct origin *origin; /* of the auditor's thread; NULL: none */
    struct address own[AUDIT_OWN_MAX];
    size_t n_own;
    struct own mine;
    uint8_t redact_key[AUDIT_REDACT_KEY];
    struct blockpages blockpages;
    struct audit *audit;
    unsigned witnesses[POOL_MAX]; /* providers that do not filter */
    uv_async_t wake, stop, moved;
    pthread_t thread;
    bool started;
};

/* ---- the audit room's door ---- */

static void on_control_end(void *ctx, struct attempt_end *end)
{
    struct audit_ask *ask = ctx;
    owned(answer_unrefp) struct answer *answer = end->answer;
    ask->handle = NULL;
    ask->on_done(ask, answer);
}

static int ask_control(void *ctx, unsigned control, const struct question *question,
                       struct audit_ask *ask)
{
    struct auditor *a = ctx;
    struct attempt *attempt;
    struct attempt_wish wish = {
        .question = question,
        .want_do = ask->want_do,
        .provider = a->witnesses[control],
        .on_end = on_control_end,
        .ctx = ask,
    };
    int failure = attempt_start(a->pool, &wish, &attempt);
    ask->handle = failure < 0 ? NULL : attempt;
    return failure;
}

static void cancel_control(void *ctx, struct audit_ask *ask)
{
    (void)ctx;
    ask->handle = attempt_free(ask->handle, false);
}

/* ---- TLS proofs ---- */

struct proving_call {
    struct proof_call call; /* first */
    struct audit_proof *proof;
};

static enum tls_outcome tls_outcome_of(enum proof_outcome outcome)
{
    switch (outcome) {
    case PROOF_OK:
        return TLS_OK;
    case PROOF_WRONG_NAME:
        return TLS_WRONG_NAME;
    case PROOF_UNTRUSTED:
        return TLS_UNTRUSTED;
    case PROOF_EXPIRED:
        return TLS_EXPIRED;
    case PROOF_LOCAL_ROOT:
        return TLS_LOCAL_ROOT;
    case PROOF_FAILED:
        break;
    }
    return TLS_FAILED;
}

static void on_proof_end(struct proof_call *call, enum proof_outcome outcome,
                         const struct proof_certificate *seen)
{
    struct proving_call *proving = (struct proving_call *)call;
    struct audit_proof *proof = proving->proof;
    struct certificate certificate = {.sha256 = ""};
    snprintf(certificate.subject, sizeof certificate.subject, "%s", seen->subject);
    snprintf(certificate.issuer, sizeof certificate.issuer, "%s", seen->issuer);
    snprintf(certificate.sha256, sizeof certificate.sha256, "%s", seen->sha256);
    free(proving);
    proof->handle = NULL;
    proof->on_done(proof, tls_outcome_of(outcome), &certificate);
}

static int prove(void *ctx, const struct name *name, const struct address *address,
                 struct audit_proof *proof)
{
    struct auditor *a = ctx;
    char name_text[NAME_MAX_TEXT], address_text[ADDRESS_TEXT_MAX];
    struct proving_call *proving = calloc(1, sizeof *proving);
    if (proving == NULL) {
        return -ENOMEM;
    }
    proving->call.on_done = on_proof_end;
    proving->proof = proof;
    name_to_text(name, name_text);
    name_text[strlen(name_text) - 1] = '\0';
    int failure =
        proof_start(a->prover, name_text, address_to_text(address, address_text), &proving->call);
    if (failure < 0) {
        free(proving);
        return failure;
    }
    proof->handle = proving;
    return 0;
}

static void cancel_proof(void *ctx, struct audit_proof *proof)
{
    struct auditor *a = ctx;
    struct proving_call *proving = proof->handle;
    if (proving != NULL) {
        proof_cancel(a->prover, &proving->call);
        proof->handle = NULL;
        free(proving);
    }
}

static void on_alert(void *ctx, const struct alert *alert)
{
    struct auditor *a = ctx;
    alert_send(a->config->alert, alert);
}

static void on_state(void *ctx, const char *finding, const char *server)
{
    (void)ctx;
    bool captive = strcmp(finding, "CAPTIVE") == 0;
    log_say(LOG_LEVEL_INFO, "cross-check: %s: the local resolver %s %s", finding, server,
            captive ? "has one address for every name, as before one has logged in somewhere: "
                      "nothing is checked meanwhile"
                    : "does not answer as a resolver does, so what it says proves nothing");
}

static void on_loop(void *ctx, const char *server)
{
    (void)ctx;
    log_say(LOG_LEVEL_WARNING,
            "cross-check: what the local resolver %s is asked comes back to us, so no lie can be "
            "seen there: name the network's own under local-resolver.servers",
            server);
}

static int64_t unix_s(void *ctx)
{
    (void)ctx;
    return (int64_t)time(NULL);
}

static uint32_t origin_as_of(void *ctx, const struct address *address)
{
    struct auditor *a = ctx;
    return a->origin != NULL ? origin_as(a->origin, bytes_of(address->at, address->n)) : 0;
}

static bool is_own(void *ctx, const struct address *address)
{
    struct auditor *a = ctx;
    return own_has(&a->mine, address);
}

static void wake(void *ctx)
{
    struct auditor *a = ctx;
    uv_async_send(&a->wake);
}

/* ---- the local resolvers ---- */

static void take_network(struct auditor *a)
{
    locals_network(a->locals, &a->network);
    local_network_text(&a->network, a->network_text);
}

/* True when what is cross-checked is another: the servers in use, or the network. */
static bool take_locals(struct auditor *a)
{
    struct local_resolvers before = a->found;
    const char *servers[AUDIT_SERVERS_MAX];
    size_t n = locals_in_use(&before, servers);
    struct local_network network = a->network;
    a->locals_seen = locals_refresh(a->locals);
    locals_snapshot(a->locals, &a->found);
    a->n_servers = locals_in_use(&a->found, a->servers);
    a->n_all = locals_all(&a->found, a->all);
    take_network(a);
    a->n_own = origins_own(a->own);
    own_find(&a->mine);
    bool same = n == a->n_servers && local_same_network(&network, &a->network);
    for (size_t i = 0; same && i < n; i++) {
        same = strcmp(servers[i], a->servers[i]) == 0;
    }
    return !same;
}

static struct audit_place place_of(const struct auditor *a)
{
    return (struct audit_place){
        .network = a->network_text,
        .interface = a->n_servers > 0 ? a->found.at[0].interface : NULL,
        .servers = a->servers,
        .n_servers = a->n_servers,
        .own = a->own,
        .n_own = a->n_own,
    };
}

static void say_locals(const struct auditor *a)
{
    if (a->n_servers == 0) {
        log_say(LOG_LEVEL_WARNING, "cross-check: the network changed, no local resolver found");
        return;
    }
    log_say(LOG_LEVEL_INFO, "cross-check: the network changed, %zu local resolver(s): %s, from %s",
            a->n_servers, a->servers[0], local_source_word(a->found.at[0].source));
}

static void look_again(struct auditor *a)
{
    struct port *port = &a->loop.port;
    /* Without memory for the timer what is known stays. */
    (void)port_timer_start(port, &a->locals_timer,
                           port_now_us(port) + (uint64_t)LOCALS_EVERY_S * 1000000);
}

static void on_locals_timer(struct port_timer *timer)
{
    struct auditor *a =
        (struct auditor *)(void *)((char *)timer - offsetof(struct auditor, locals_timer));
    look_again(a);
    blockpages_refresh(&a->blockpages, &a->config->audit, a->audit);
    if (locals_refresh(a->locals) == a->locals_seen) {
        take_network(a);
        audit_name_network(a->audit, a->network_text);
        return;
    }
    bool moved = take_locals(a);
    plain_set_servers(a->plain, a->all, a->n_all, a->n_servers);
    if (moved) {
        say_locals(a);
        struct audit_place place = place_of(a);
        audit_set_place(a->audit, &place);
    }
}

/* ---- the thread ---- */

static void on_network(uv_async_t *async)
{
    struct auditor *a = async->data;
    loop_tick(&a->loop);
    own_find(&a->mine);
    on_locals_timer(&a->locals_timer);
    pool_change_network(a->pool);
}

void auditor_change_network(struct auditor *a)
{
    uv_async_send(&a->moved);
}

static void on_wake(uv_async_t *async)
{
    struct auditor *a = async->data;
    loop_tick(&a->loop);
    audit_drain(a->audit);
}

static void on_stop(uv_async_t *async)
{
    struct auditor *a = async->data;
    uv_stop(&a->loop.uv);
}

static void *run_auditor(void *arg)
{
    struct auditor *a = arg;
    /* Here, so that nobody's start waits for the files. */
    a->origin = origins_open(&a->config->audit);
    blockpages_refresh(&a->blockpages, &a->config->audit, a->audit);
    uv_run(&a->loop.uv, UV_RUN_DEFAULT);
    return NULL;
}

int auditor_start(struct auditor *a)
{
    int error = pthread_create(&a->thread, NULL, run_auditor, a);
    a->started = error == 0;
    return -error;
}

struct audit *auditor_audit(struct auditor *a)
{
    return a->audit;
}

/* ---- making and freeing ---- */

static size_t choose_witnesses(struct auditor *a)
{
    size_t n = 0;
    for (size_t i = 0; i < a->config->n_providers && n < AUDIT_CONTROLS_MAX; i++) {
        if (!a->config->providers[i].filtering) {
            const struct provider_params *provider = &a->config->providers[i];
            a->control_names[n] = provider->name;
            a->control_operators[n] = public_operator_of_url(provider->endpoint.url);
            a->witnesses[n++] = (unsigned)i;
        }
    }
    return n;
}

static bool make_pool(struct auditor *a, const struct kept *kept)
{
    const struct config *config = a->config;
    struct curl_exchange_params exchange = {
        .user_agent = "httpdnsd",
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .total_timeout_ms = ASK_TIMEOUT_MS,
        .max_connections = CONNECTIONS_PER_PROVIDER,
    };
    a->exchange = curl_exchange_new(&exchange, &a->loop.port);
    a->plain = plain_new(&a->loop.port, a->all, a->n_all);
    if (a->exchange == NULL || a->plain == NULL) {
        return false;
    }
    struct pool_params pool = {
        .providers = config->providers,
        .n_providers = config->n_providers,
        .max_attempts = ATTEMPTS_MAX,
        .patience_max_ms = ASK_TIMEOUT_MS,
        .bootstrap = a->plain,
        .kept = kept,
        /* As they are, whatever clients are given: they are evidence. */
        .max_ttl_s = INT32_MAX,
        .negative_max_ttl_s = INT32_MAX,
    };
    a->pool = pool_new(&pool, &a->loop.port, a->exchange);
    return a->pool != NULL;
}

static bool make_prover(struct auditor *a)
{
    /* Roots that the configuration names are not doubted. */
    const char *ca_file = a->config->audit.ca_file;
    struct proof_params params = {.ca_file = ca_file, .root = ca_file == NULL ? "" : NULL};
    if (a->config->audit.tls_proof == AUDIT_TLS_NO) {
        return true;
    }
    a->prover = prover_new(&params, &a->loop.port);
    return a->prover != NULL;
}

static bool make_audit(struct auditor *a)
{
    struct audit_params params = a->config->audit;
    struct audit_place place = place_of(a);
    params.servers = place.servers;
    params.n_servers = place.n_servers;
    params.network = place.network;
    params.interface = place.interface;
    params.own = place.own;
    params.n_own = place.n_own;
    memcpy(params.redact_key, a->redact_key, sizeof params.redact_key);
    params.n_controls = choose_witnesses(a);
    params.control_names = a->control_names;
    params.control_operators = a->control_operators;
    struct audit_door door = {
        .ctx = a,
        .ledger = a->ledger,
        .unix_s = unix_s,
        .ask_control = ask_control,
        .cancel_control = cancel_control,
        .prove = a->prover != NULL ? prove : NULL,
        .cancel_proof = cancel_proof,
        .is_own = is_own,
        .origin_as = origin_as_of,
        .on_alert = on_alert,
        .on_loop = on_loop,
        .on_state = on_state,
        .wake = wake,
    };
    a->audit = audit_new(&params, &door, &a->loop.port, a->plain);
    return a->audit != NULL;
}

struct auditor *auditor_new(const struct config *config, struct locals *locals,
                            struct ledger *ledger, struct statefile *state)
{
    struct auditor *a = calloc(1, sizeof *a);
    if (a == NULL || loop_init(&a->loop) < 0) {
        free(a);
        return NULL;
    }
    a->config = config;
    a->locals = locals;
    a->ledger = ledger;
    ledger_set_clear_after(ledger, config->audit.clear_after_s);
    a->locals_timer.on_fire = on_locals_timer;
    (void)take_locals(a);
    uv_async_init(&a->loop.uv, &a->wake, on_wake);
    uv_async_init(&a->loop.uv, &a->stop, on_stop);
    uv_async_init(&a->loop.uv, &a->moved, on_network);
    a->wake.data = a->stop.data = a->moved.data = a;
    struct kept *kept = malloc(sizeof *kept);
    if (kept != NULL) {
        statefile_kept(state, kept);
    }
    if (config->audit.redact == AUDIT_REDACT_HASH) {
        statefile_secret(state, "redaction.key", a->redact_key, sizeof a->redact_key);
    }
    bool good = kept != NULL && make_pool(a, kept);
    free(kept);
    if (!good || !make_prover(a) || !make_audit(a)) {
        return auditor_free(a);
    }
    look_again(a);
    return a;
}

struct auditor *auditor_free(struct auditor *a)
{
    if (a == NULL) {
        return NULL;
    }
    if (a->started) {
        uv_async_send(&a->stop);
        pthread_join(a->thread, NULL);
    }
    port_timer_stop(&a->loop.port, &a->locals_timer);
    audit_free(a->audit);
    blockpages_done(&a->blockpages);
    prover_free(a->prover);
    origin_free(a->origin);
    pool_free(a->pool);
    if (a->exchange != NULL) {
        a->exchange->ops->free(a->exchange);
    }
    plain_free(a->plain);
    uv_close((uv_handle_t *)&a->wake, NULL);
    uv_close((uv_handle_t *)&a->stop, NULL);
    uv_close((uv_handle_t *)&a->moved, NULL);
    loop_done(&a->loop);
    free(a);
    return NULL;
}

static void on_test_alert(void *ctx, const struct alert *alert)
{
    const struct config *config = ctx;
    alert_send(config->alert, alert);
}

bool auditor_alert_test(const struct config *config, const char *class)
{
    struct loop loop;
    if (loop_init(&loop) < 0) {
        return false;
    }
    struct audit_door door = {
        .ctx = (void *)(uintptr_t)config,
        .unix_s = unix_s,
        .on_alert = on_test_alert,
    };
    bool known = audit_alert_test(&door, &loop.port, class);
    loop_done(&loop);
    return known;
}
