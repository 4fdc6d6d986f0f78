/* SPDX-License-Identifier: MIT */
#include "daemon/reportbox.h"

#include <time.h>

void reportbox_init(struct reportbox *box)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&box->reported, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&box->lock, NULL);
}

void reportbox_done(struct reportbox *box)
{
    pthread_cond_destroy(&box->reported);
    pthread_mutex_destroy(&box->lock);
}

struct worker_report *reportbox_open(struct reportbox *box)
{
    pthread_mutex_lock(&box->lock);
    return &box->report;
}

void reportbox_close(struct reportbox *box)
{
    box->has_report = true;
    pthread_cond_signal(&box->reported);
    pthread_mutex_unlock(&box->lock);
}

static struct timespec deadline(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += WORKER_REPORT_MS * 1000000L;
    at.tv_sec += at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    return at;
}

bool reportbox_ask(struct reportbox *box, uv_async_t *bell, struct worker_report *ret_report)
{
    struct timespec until = deadline();
    pthread_mutex_lock(&box->lock);
    box->has_report = false;
    uv_async_send(bell);
    int late = 0;
    while (!box->has_report && late == 0) {
        late = pthread_cond_timedwait(&box->reported, &box->lock, &until);
    }
    bool reported = box->has_report;
    if (reported) {
        *ret_report = box->report;
    }
    pthread_mutex_unlock(&box->lock);
    return reported;
}
