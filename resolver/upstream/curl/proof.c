/* SPDX-License-Identifier: MIT */
/* A proof's way:
 *   VERIFIED   a handshake with verification. It holds, and no roots were added here: OK.
 *   OWN_ROOTS  it holds, and there are added roots: once more with the distribution's roots only.
 *   READ       it does not hold: once more without verification, to read the certificate.
 * The outcome is that of the first, save that OWN_ROOTS may find LOCAL_ROOT. */
#include "resolver/upstream/curl/proof.h"

#include "resolver/crypto/digest.h"
#include "resolver/upstream/curl/road.h"
#include "resolver/upstream/encode.h"
#include "resolver/upstream/watches.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <curl/curl.h>

enum {
    READ_BUDGET_MS = 2000,
    NAME_ROOM = 256,
    CERTIFICATE_MAX = 16 * 1024,
    ROOTS_MAX_BYTES = 4 * 1024 * 1024,
    /* OpenSSL's verdicts on a chain, as CURLINFO_SSL_VERIFYRESULT tells them. */
    VERIFY_UNSPECIFIED = 1, /* libcurl 7.88: the chain holds, the name was looked at before */
    VERIFY_NOT_YET_VALID = 9,
    VERIFY_HAS_EXPIRED = 10,
};

enum step { STEP_VERIFIED, STEP_OWN_ROOTS, STEP_READ };

struct proof {
    struct prover *prover;
    struct proof_call *call;
    CURL *easy;
    enum step step;
    enum proof_outcome outcome;
    struct proof_certificate certificate;
    char url[NAME_ROOM + 16], connect_to[2 * NAME_ROOM];
    struct curl_slist *route;
    struct port_timer restart; /* the next step begins outside of curl's callbacks */
};

struct prover {
    struct proof_params params;
    struct port *port;
    CURLM *multi;
    struct watches watches;
    struct port_timer timer; /* curl's */
    size_t n_live;
    char *own_roots; /* PEM of the distribution's roots; NULL: not needed, or not to be had */
    size_t n_own_roots;
};

/* ---- the system's roots ---- */

static void add_file(struct prover *prover, const char *path)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return;
    }
    char block[4096];
    size_t n;
    while ((n = fread(block, 1, sizeof block, file)) > 0 &&
           prover->n_own_roots + n < ROOTS_MAX_BYTES) {
        char *grown = realloc(prover->own_roots, prover->n_own_roots + n);
        if (grown == NULL) {
            break;
        }
        memcpy(grown + prover->n_own_roots, block, n);
        prover->own_roots = grown;
        prover->n_own_roots += n;
    }
    fclose(file);
}

static bool has_added_roots(const char *root)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/usr/local/share/ca-certificates", root);
    DIR *folder = opendir(path);
    const struct dirent *entry;
    bool any = false;
    while (folder != NULL && !any && (entry = readdir(folder)) != NULL) {
        size_t n = strlen(entry->d_name);
        any = n > 4 && strcmp(entry->d_name + n - 4, ".crt") == 0;
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return any;
}

/* ca-certificates.conf(5): one file a line; '#' a comment, '!' one that is not trusted. */
static void read_own_roots(struct prover *prover)
{
    char line[1024], path[8192];
    snprintf(path, sizeof path, "%s/etc/ca-certificates.conf", prover->params.root);
    FILE *list = fopen(path, "re");
    while (list != NULL && fgets(line, sizeof line, list) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '\0' || line[0] == '#' || line[0] == '!') {
            continue;
        }
        snprintf(path, sizeof path, "%s/usr/share/ca-certificates/%s", prover->params.root, line);
        add_file(prover, path);
    }
    if (list != NULL) {
        fclose(list);
    }
}

/* ---- the certificate ---- */

static void copy_text(char out[PROOF_TEXT_MAX], const char *from)
{
    snprintf(out, PROOF_TEXT_MAX, "%s", from);
}

static void read_pem(struct proof_certificate *certificate, const char *pem)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----", end[] = "-----END";
    const char *from = strstr(pem, begin);
    const char *to = from != NULL ? strstr(from + sizeof begin, end) : NULL;
    uint8_t *der = to != NULL ? malloc(CERTIFICATE_MAX) : NULL;
    if (der == NULL) {
        return;
    }
    from += sizeof begin - 1;
    struct buf octets = buf_over(der, CERTIFICATE_MAX);
    struct digest digest;
    if (decode_base64(bytes_of(from, (size_t)(to - from)), &octets) == 0 &&
        digest_of(DIGEST_SHA256, bytes_of(NULL, 0), bytes_of(der, octets.n), &digest) == 0) {
        struct buf hex = buf_over(certificate->sha256, sizeof certificate->sha256 - 1);
        encode_hex(bytes_of(digest.at, digest.n), &hex);
        certificate->sha256[hex.n] = '\0';
    }
    free(der);
}

/* What curl tells of the server's own certificate, the first of the chain. */
static void read_certificate(struct proof *proof)
{
    struct curl_certinfo *info = NULL;
    struct proof_certificate *certificate = &proof->certificate;
    if (curl_easy_getinfo(proof->easy, CURLINFO_CERTINFO, &info) != CURLE_OK || info == NULL ||
        info->num_of_certs < 1) {
        return;
    }
    for (const struct curl_slist *line = info->certinfo[0]; line != NULL; line = line->next) {
        if (strncmp(line->data, "Subject:", 8) == 0) {
            copy_text(certificate->subject, line->data + 8);
        } else if (strncmp(line->data, "Issuer:", 7) == 0) {
            copy_text(certificate->issuer, line->data + 7);
        } else if (strncmp(line->data, "Cert:", 5) == 0) {
            read_pem(certificate, line->data + 5);
        }
    }
}

/* ---- a handshake ---- */

static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct prover *prover = ctx;
    (void)purpose;
    return watches_socket(&prover->watches, address->family, address->socktype | SOCK_CLOEXEC,
                          address->protocol);
}

static int close_socket(void *ctx, curl_socket_t fd)
{
    struct prover *prover = ctx;
    watches_forget(&prover->watches, fd);
    return close(fd);
}

static bool set_roots(struct proof *proof)
{
    struct prover *prover = proof->prover;
    if (proof->step == STEP_OWN_ROOTS) {
        struct curl_blob roots = {prover->own_roots, prover->n_own_roots, CURL_BLOB_NOCOPY};
        return curl_easy_setopt(proof->easy, CURLOPT_CAINFO_BLOB, &roots) == CURLE_OK &&
               curl_easy_setopt(proof->easy, CURLOPT_CAINFO, NULL) == CURLE_OK &&
               curl_easy_setopt(proof->easy, CURLOPT_CAPATH, NULL) == CURLE_OK;
    }
    return road_trust(proof->easy, prover->params.ca_file);
}

static bool set_options(struct proof *proof)
{
    CURL *e = proof->easy;
    bool verify = proof->step != STEP_READ;
    long budget_ms = verify ? PROOF_BUDGET_MS : READ_BUDGET_MS;
    return curl_easy_setopt(e, CURLOPT_PRIVATE, proof) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_URL, proof->url) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_CONNECT_TO, proof->route) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_CONNECT_ONLY, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_SSL_SESSIONID_CACHE, 0L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, (long)verify) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_CERTINFO, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, budget_ms) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, budget_ms) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, proof->prover) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, close_socket) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, proof->prover) == CURLE_OK &&
           set_roots(proof);
}

static void end_handshake(struct proof *proof)
{
    if (proof->easy != NULL) {
        curl_multi_remove_handle(proof->prover->multi, proof->easy);
        curl_easy_cleanup(proof->easy);
        proof->easy = NULL;
    }
}

static int begin_handshake(struct proof *proof)
{
    proof->easy = curl_easy_init();
    if (proof->easy == NULL || !set_options(proof)) {
        return -ENOMEM;
    }
    return curl_multi_add_handle(proof->prover->multi, proof->easy) == CURLM_OK ? 0 : -ENOMEM;
}

/* ---- a proof ---- */

static void proof_free(struct proof *proof)
{
    end_handshake(proof);
    port_timer_stop(proof->prover->port, &proof->restart);
    curl_slist_free_all(proof->route);
    proof->prover->n_live--;
    free(proof);
}

static void finish(struct proof *proof)
{
    struct proof_call *call = proof->call;
    struct proof_certificate certificate = proof->certificate;
    enum proof_outcome outcome = proof->outcome;
    proof_free(proof);
    call->handle = NULL;
    call->on_done(call, outcome, &certificate);
}

static void on_restart(struct port_timer *timer)
{
    struct proof *proof = (struct proof *)(void *)((char *)timer - offsetof(struct proof, restart));
    end_handshake(proof);
    if (begin_handshake(proof) < 0) {
        finish(proof);
    }
}

static void go_on(struct proof *proof, enum step step)
{
    struct port *port = proof->prover->port;
    proof->step = step;
    if (port_timer_start(port, &proof->restart, port_now_us(port)) < 0) {
        finish(proof);
    }
}

static enum proof_outcome outcome_of(const struct proof *proof, CURLcode code)
{
    long verify = 0;
    if (code == CURLE_OK) {
        return PROOF_OK;
    }
    if (code != CURLE_PEER_FAILED_VERIFICATION) {
        return PROOF_FAILED;
    }
    curl_easy_getinfo(proof->easy, CURLINFO_SSL_VERIFYRESULT, &verify);
    if (verify == 0 || verify == VERIFY_UNSPECIFIED) {
        return PROOF_WRONG_NAME;
    }
    bool time_only = verify == VERIFY_HAS_EXPIRED || verify == VERIFY_NOT_YET_VALID;
    return time_only ? PROOF_EXPIRED : PROOF_UNTRUSTED;
}

static void on_verified(struct proof *proof, CURLcode code)
{
    proof->outcome = outcome_of(proof, code);
    read_certificate(proof);
    switch (proof->outcome) {
    case PROOF_OK:
        if (proof->prover->own_roots != NULL) {
            go_on(proof, STEP_OWN_ROOTS);
            return;
        }
        break;
    case PROOF_WRONG_NAME:
    case PROOF_UNTRUSTED:
    case PROOF_EXPIRED:
        go_on(proof, STEP_READ);
        return;
    case PROOF_FAILED:
    case PROOF_LOCAL_ROOT:
        break;
    }
    finish(proof);
}

static void on_handshake(struct proof *proof, CURLcode code)
{
    switch (proof->step) {
    case STEP_VERIFIED:
        on_verified(proof, code);
        return;
    case STEP_OWN_ROOTS:
        proof->outcome =
            outcome_of(proof, code) == PROOF_UNTRUSTED ? PROOF_LOCAL_ROOT : proof->outcome;
        break;
    case STEP_READ:
        read_certificate(proof);
        break;
    }
    finish(proof);
}

static void collect(struct prover *prover)
{
    CURLMsg *message;
    int n_left;
    while ((message = curl_multi_info_read(prover->multi, &n_left)) != NULL) {
        CURLcode code = message->data.result;
        struct proof *proof;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&proof);
        on_handshake(proof, code);
    }
}

/* ---- curl's wishes to the port and back ---- */

static void act(struct prover *prover, curl_socket_t fd, int action)
{
    int n_running;
    curl_multi_socket_action(prover->multi, fd, action, &n_running);
    collect(prover);
}

static void on_ready(void *ctx, int fd, unsigned events)
{
    act(ctx, fd,
        (events & PORT_READ ? CURL_CSELECT_IN : 0) | (events & PORT_WRITE ? CURL_CSELECT_OUT : 0));
}

static void on_timer(struct port_timer *timer)
{
    act((struct prover *)(void *)((char *)timer - offsetof(struct prover, timer)),
        CURL_SOCKET_TIMEOUT, 0);
}

static int want_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
    struct prover *prover = ctx;
    (void)socket_ctx;
    if (what == CURL_POLL_REMOVE) {
        watches_rest(&prover->watches, fd);
        return 0;
    }
    unsigned events = (what == CURL_POLL_IN || what == CURL_POLL_INOUT ? PORT_READ : 0u) |
                      (what == CURL_POLL_OUT || what == CURL_POLL_INOUT ? PORT_WRITE : 0u);
    return watches_want(&prover->watches, fd, events, easy) < 0 ? -1 : 0;
}

static int want_timer(CURLM *multi, long wait_ms, void *ctx)
{
    struct prover *prover = ctx;
    (void)multi;
    if (wait_ms < 0) {
        port_timer_stop(prover->port, &prover->timer);
        return 0;
    }
    uint64_t at_us = port_now_us(prover->port) + (uint64_t)wait_ms * 1000;
    return port_timer_start(prover->port, &prover->timer, at_us) < 0 ? -1 : 0;
}

/* ---- the prover ---- */

static bool set_multi(struct prover *prover)
{
    prover->multi = curl_multi_init();
    return prover->multi != NULL &&
           curl_multi_setopt(prover->multi, CURLMOPT_SOCKETFUNCTION, want_socket) == CURLM_OK &&
           curl_multi_setopt(prover->multi, CURLMOPT_SOCKETDATA, prover) == CURLM_OK &&
           curl_multi_setopt(prover->multi, CURLMOPT_TIMERFUNCTION, want_timer) == CURLM_OK &&
           curl_multi_setopt(prover->multi, CURLMOPT_TIMERDATA, prover) == CURLM_OK;
}

struct prover *prover_new(const struct proof_params *params, struct port *port)
{
    struct prover *prover = calloc(1, sizeof *prover);
    if (prover == NULL) {
        return NULL;
    }
    prover->params = *params;
    prover->port = port;
    prover->timer.on_fire = on_timer;
    watches_init(&prover->watches, port, on_ready, prover);
    if (!set_multi(prover)) {
        return prover_free(prover);
    }
    if (params->root != NULL && has_added_roots(params->root)) {
        read_own_roots(prover);
    }
    return prover;
}

struct prover *prover_free(struct prover *prover)
{
    if (prover != NULL) {
        assert(prover->n_live == 0);
        curl_multi_cleanup(prover->multi);
        port_timer_stop(prover->port, &prover->timer);
        watches_done(&prover->watches);
        free(prover->own_roots);
        free(prover);
    }
    return NULL;
}

static int make(struct proof *proof, const char *name, const char *address)
{
    bool v6 = strchr(address, ':') != NULL;
    int n = snprintf(proof->url, sizeof proof->url, "https://%s/", name);
    int m = snprintf(proof->connect_to, sizeof proof->connect_to, "::%s%s%s:443", v6 ? "[" : "",
                     address, v6 ? "]" : "");
    if (n < 0 || (size_t)n >= sizeof proof->url || m < 0 || (size_t)m >= sizeof proof->connect_to) {
        return -EINVAL;
    }
    proof->route = curl_slist_append(NULL, proof->connect_to);
    return proof->route != NULL ? begin_handshake(proof) : -ENOMEM;
}

int proof_start(struct prover *prover, const char *name, const char *address,
                struct proof_call *call)
{
    if (prover->n_live == PROOFS_MAX) {
        return -EBUSY;
    }
    struct proof *proof = calloc(1, sizeof *proof);
    if (proof == NULL) {
        return -ENOMEM;
    }
    proof->prover = prover;
    proof->call = call;
    proof->outcome = PROOF_FAILED;
    proof->restart.on_fire = on_restart;
    prover->n_live++;
    int failure = make(proof, name, address);
    if (failure < 0) {
        proof_free(proof);
        return failure;
    }
    call->handle = proof;
    return 0;
}

void proof_cancel(struct prover *prover, struct proof_call *call)
{
    struct proof *proof = call->handle;
    if (proof != NULL) {
        assert(proof->prover == prover);
        call->handle = NULL;
        proof_free(proof);
    }
}
