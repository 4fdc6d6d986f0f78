/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/health.h"

enum {
    FAILURES_TO_OPEN = 3,
    FAILURES_TO_JUDGE = 8, /* in memory of the decaying share */
    OPEN_MIN_S = 1,
    OPEN_MAX_S = 30,
    SHARE_ALL = 1000000,
    SHARE_TO_OPEN = 500000,
};

static uint64_t us_of(uint32_t s)
{
    return (uint64_t)s * 1000000;
}

const char *health_word(enum health_state state)
{
    static const char *const words[] = {"closed", "open", "half-open", "quiet"};
    return words[state];
}

enum health_state health_state(const struct health *h, uint64_t now_us)
{
    if (now_us < h->quiet_until_us) {
        return HEALTH_QUIET;
    }
    if (!h->is_open) {
        return HEALTH_CLOSED;
    }
    return now_us < h->open_until_us ? HEALTH_OPEN : HEALTH_HALF_OPEN;
}

/* RFC 6298 section 2. */
static void learn_time(struct health *h, uint64_t took_us)
{
    if (h->mean_us == 0) {
        h->mean_us = took_us + 1;
        h->spread_us = took_us / 2;
        return;
    }
    uint64_t off_us = took_us > h->mean_us ? took_us - h->mean_us : h->mean_us - took_us;
    h->spread_us = (3 * h->spread_us + off_us) / 4;
    h->mean_us = (7 * h->mean_us + took_us) / 8 + 1;
}

void health_good(struct health *h, uint64_t took_us, uint64_t now_us)
{
    learn_time(h, took_us);
    h->n_good++;
    h->failures_in_row = 0;
    h->error_ppm -= h->error_ppm / FAILURES_TO_JUDGE;
    if (h->is_open) {
        h->is_open = false;
        h->closed_us = now_us;
        h->error_ppm = 0;
    }
}

/* One that came back and failed again at once is set aside for longer than before. */
static void open_again(struct health *h, uint64_t now_us)
{
    bool held_out = !h->is_open && now_us - h->closed_us >= 2 * us_of(h->open_s);
    h->open_s = h->open_s == 0 || held_out ? OPEN_MIN_S : 2 * h->open_s;
    h->open_s = h->open_s > OPEN_MAX_S ? OPEN_MAX_S : h->open_s;
    h->open_until_us = now_us + us_of(h->open_s);
    h->is_open = true;
}

void health_failed(struct health *h, uint64_t now_us)
{
    h->n_failed++;
    h->failures_in_row++;
    h->error_ppm += (SHARE_ALL - h->error_ppm) / FAILURES_TO_JUDGE;
    /* Failures that come in while it is set aside belong to the trouble that put it there. */
    bool counts = !h->is_open || now_us >= h->open_until_us;
    if (counts && (h->failures_in_row >= FAILURES_TO_OPEN || h->error_ppm > SHARE_TO_OPEN)) {
        open_again(h, now_us);
    }
}

void health_quiet(struct health *h, uint32_t wait_s, uint64_t now_us)
{
    uint64_t until_us = now_us + us_of(wait_s);
    h->quiet_until_us = until_us > h->quiet_until_us ? until_us : h->quiet_until_us;
}

void health_forget(struct health *h)
{
    *h = (struct health){
        .quiet_until_us = h->quiet_until_us, .n_good = h->n_good, .n_failed = h->n_failed};
}

uint64_t health_patience_us(const struct health *h, uint64_t min_us, uint64_t max_us)
{
    uint64_t usual_us = h->mean_us + 4 * h->spread_us;
    if (h->mean_us == 0 || usual_us > max_us) {
        return max_us;
    }
    return usual_us > min_us ? usual_us : min_us;
}

uint64_t health_cost(const struct health *h)
{
    return h->mean_us + h->mean_us * h->error_ppm / (SHARE_ALL / 10);
}
