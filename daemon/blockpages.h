/* SPDX-License-Identifier: MIT */
/* The lists of known block addresses that the configuration names, for the auditor's thread: read
 * there, so that nobody's start waits for them, and again when a file has changed and was left
 * alone since. */
#ifndef DAEMON_BLOCKPAGES_H
#define DAEMON_BLOCKPAGES_H

#include "resolver/audit/audit.h"
#include "resolver/audit/fingerprint.h"

struct blockpages {
    struct fingerprints *set; /* in force; NULL: none */
    uint64_t seen, loaded;    /* how the files looked last, and when they were read */
};

/* Reads them if they are others than before, and tells the auditor. What cannot be read is logged;
 * then what was read before stays in force. */
void blockpages_refresh(struct blockpages *pages, const struct audit_params *params,
                        struct audit *audit);
/* The auditor must be gone. */
void blockpages_done(struct blockpages *pages);

#endif
