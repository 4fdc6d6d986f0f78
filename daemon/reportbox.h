/* SPDX-License-Identifier: MIT */
/* Where a worker's report changes hands: one thread asks for it and waits, not for long, and the
 * worker puts it there when its loop comes round. */
#ifndef DAEMON_REPORTBOX_H
#define DAEMON_REPORTBOX_H

#include "daemon/worker.h"

#include <pthread.h>

struct reportbox {
    pthread_mutex_t lock; /* of what is below */
    pthread_cond_t reported;
    bool has_report;
    struct worker_report report;
};

void reportbox_init(struct reportbox *box);
void reportbox_done(struct reportbox *box);

/* The worker's thread: lends the report to be written, until reportbox_close(). */
struct worker_report *reportbox_open(struct reportbox *box);
void reportbox_close(struct reportbox *box);

/* One other thread: rings `bell` and waits WORKER_REPORT_MS at most. False when nothing came. */
bool reportbox_ask(struct reportbox *box, uv_async_t *bell, struct worker_report *ret_report);

#endif
