/* SPDX-License-Identifier: MIT */
/* Can whoever stands at an address prove to be a name? A TLS handshake on port 443 with SNI and
 * verification on, no HTTP request, and the connection is closed: libcurl, connect-only.
 *
 * Two more handshakes may follow within the same budget: one without verification, to read the
 * certificate that did not hold, for the report; and where root certificates were added to this
 * machine, one with the distribution's own only. Knows no DNS. Bounds: PROOF_BUDGET_MS a proof,
 * PROOFS_MAX under way. */
#ifndef RESOLVER_UPSTREAM_CURL_PROOF_H
#define RESOLVER_UPSTREAM_CURL_PROOF_H

#include "resolver/port.h"

enum { PROOF_BUDGET_MS = 3000, PROOFS_MAX = 2, PROOF_TEXT_MAX = 64 };

enum proof_outcome {
    PROOF_OK = 1,
    PROOF_WRONG_NAME, /* a certificate of somebody else */
    PROOF_UNTRUSTED,  /* a chain to no known root */
    PROOF_EXPIRED,    /* right but for its time */
    PROOF_FAILED,     /* no handshake: says nothing of who is there */
    PROOF_LOCAL_ROOT, /* holds only by a root that was added on this machine */
};

struct proof_certificate {
    char subject[PROOF_TEXT_MAX];
    char issuer[PROOF_TEXT_MAX];
    char sha256[PROOF_TEXT_MAX + 1]; /* lower-case hex; "" when none was seen */
};

struct prover;

struct proof_params {
    const char *ca_file; /* trusted instead of the system's roots; NULL: those. Lent */
    const char *root;    /* before the paths of the system's roots: "" (tests: a tree). NULL: roots
                            that were added are trusted like all others. Lent */
};

/* gives a prover, NULL without memory. */
struct prover *prover_new(const struct proof_params *params, struct port *port);
/* Every proof must have ended or been cancelled. */
struct prover *prover_free(struct prover *prover);

/* Embedded in its owner. `on_done` is called once, never from inside proof_start; the certificate
 * is borrowed during the call, which may free the owner. */
struct proof_call {
    void (*on_done)(struct proof_call *call, enum proof_outcome outcome,
                    const struct proof_certificate *certificate);
    void *handle;
};

/* `name` without the last dot, `address` as text without brackets; both copied. -EBUSY at
 * PROOFS_MAX. */
int proof_start(struct prover *prover, const char *name, const char *address,
                struct proof_call *call);
void proof_cancel(struct prover *prover, struct proof_call *call);

#endif
