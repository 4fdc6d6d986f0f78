/* SPDX-License-Identifier: MIT */
/* The auditor's thread: gives the audit room a loop, an exchange and a pool of its own, so that its
 * questions never stand in a client's way, and carries its alerts to their sink. */
#ifndef DAEMON_AUDITOR_H
#define DAEMON_AUDITOR_H

#include "daemon/locals.h"
#include "daemon/statefile.h"
#include "resolver/audit/ledger.h"

struct auditor;

/* `config`, `locals` and `ledger` are borrowed for the auditor's life, `state` by auditor_new().
 * gives the auditor, not running yet; NULL without memory. */
struct auditor *auditor_new(const struct config *config, struct locals *locals,
                            struct ledger *ledger, struct statefile *state);
/* lends what workers tell: valid until auditor_free(). */
struct audit *auditor_audit(struct auditor *auditor);
int auditor_start(struct auditor *auditor);
/* Ends the thread; nobody may tell any more. Takes NULL; returns NULL. */
struct auditor *auditor_free(struct auditor *auditor);

/* Fires an alert of the class on purpose, at the configured sink; needs no auditor. False when
 * there is no such class: audit_alert_class() lists them. */
bool auditor_alert_test(const struct config *config, const char *class);

/* Any thread: the network is another one. */
void auditor_change_network(struct auditor *auditor);

#endif
