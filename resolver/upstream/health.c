/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/health.h"

enum {
    FAILURES_TO_OPEN = 3,
    FAILURES_TO_JUDGE = 8, /* in memory of the decaying share */
    OPEN_MIN_S = 1,
    OPEN_MAX_S = 30,
    SHARE_ALL = 1000000,
    SHARE_TO_OPEN = 333333,
    SLOW_TO_OPEN = 3,
    SLOW_TIMES = 4,
    SLOW_MORE_US = 50000,
    SOON = 16,   /* so many answers … */
    SOON_OF = 4, /* … count for a quarter in what is usual, */
    LATER_OF = 256,
    CONNECTION = 16, /* of churn; a reply takes one away, a second sixteen */
    CHURN_TO_OPEN = 16 * CONNECTION,
    KEPT_US = 1000000, /* a connection nobody uses may be closed after that */
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

/* What is far off counts as little more than the limit, or one bad hour would become usual. True
 * when it is. */
static bool learn_usual(struct health *h, uint64_t took_us)
{
    uint64_t limit_us = SLOW_TIMES * h->usual_us + SLOW_MORE_US;
    bool is_slow = h->usual_us != 0 && took_us > limit_us;
    uint64_t counts_us = is_slow ? limit_us : took_us;
    uint64_t of = h->n_good < SOON ? SOON_OF : LATER_OF;
    h->slow_in_row = is_slow ? h->slow_in_row + 1 : 0;
    h->usual_us = h->usual_us == 0 ? took_us + 1 : (h->usual_us * (of - 1) + counts_us) / of + 1;
    return is_slow;
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

/* One that came back and failed again at once is set aside for longer than before. */
static void open_again(struct health *h, uint64_t now_us)
{
    bool held_out = !h->is_open && now_us - h->closed_us >= 2 * us_of(h->open_s);
    h->open_s = h->open_s == 0 || held_out ? OPEN_MIN_S : 2 * h->open_s;
    h->open_s = h->open_s > OPEN_MAX_S ? OPEN_MAX_S : h->open_s;
    h->opened_us = now_us;
    h->open_until_us = now_us + us_of(h->open_s);
    h->is_open = true;
    h->slow_in_row = 0;
    h->has_lasted = false;
    h->connected_us = 0;
    h->churn = 0;
}

/* What began before it was set aside belongs to the trouble that put it there. */
static void maybe_close(struct health *h, uint64_t began_us, uint64_t now_us)
{
    if (h->is_open && h->has_lasted && began_us >= h->opened_us) {
        h->is_open = false;
        h->closed_us = now_us;
        h->error_ppm = 0;
    }
}

/* Time and answers make it less. */
static void learn_churn(struct health *h, bool made, uint64_t now_us)
{
    uint64_t less = (now_us - h->churn_us) * CONNECTION / us_of(1);
    if (less > 0) {
        h->churn -= less < h->churn ? (uint32_t)less : h->churn;
        h->churn_us = now_us;
    }
    h->churn = made ? h->churn + CONNECTION : h->churn - (h->churn > 0);
    if (h->churn > CHURN_TO_OPEN) {
        open_again(h, now_us);
    }
}

/* It was set aside, and this was asked for since: of that a connection made before its time was up
 * says little. What began before the last one made had served could not share that. */
static void learn_return(struct health *h, bool made, uint64_t began_us, uint64_t now_us)
{
    bool is_due = now_us >= h->open_until_us;
    if (made && (h->connected_us == 0 || (is_due && h->connected_us < h->open_until_us))) {
        h->connected_us = now_us;
    } else if (began_us < h->connected_us) {
        return;
    } else if (!made || now_us - h->connected_us > KEPT_US) {
        h->has_lasted = true;
    } else if (is_due) {
        open_again(h, now_us);
    } else {
        h->connected_us = now_us;
    }
}

static void learn_connection(struct health *h, bool made, uint64_t began_us, uint64_t now_us)
{
    if (!h->is_open) {
        learn_churn(h, made, now_us);
    } else if (began_us >= h->opened_us) {
        learn_return(h, made, began_us, now_us);
    }
}

void health_good(struct health *h, uint64_t took_us, bool made, uint64_t now_us)
{
    learn_connection(h, made, now_us - took_us, now_us);
    bool is_slow = learn_usual(h, took_us);
    learn_time(h, took_us);
    h->n_good++;
    h->failures_in_row = 0;
    h->error_ppm -= h->error_ppm / FAILURES_TO_JUDGE;
    if (!is_slow) {
        maybe_close(h, now_us - took_us, now_us);
    } else if (h->is_open ? now_us >= h->open_until_us : h->slow_in_row >= SLOW_TO_OPEN) {
        open_again(h, now_us);
    }
}

void health_failed(struct health *h, uint64_t now_us)
{
    h->n_failed++;
    h->failures_in_row++;
    h->error_ppm += (SHARE_ALL - h->error_ppm) / FAILURES_TO_JUDGE;
    /* Failures that come in while it is set aside change nothing. */
    bool counts = !h->is_open || now_us >= h->open_until_us;
    if (counts && (h->failures_in_row >= FAILURES_TO_OPEN || h->error_ppm > SHARE_TO_OPEN)) {
        open_again(h, now_us);
    }
}

void health_unsure(struct health *h, uint64_t now_us)
{
    h->n_failed++;
    if (h->is_open && now_us >= h->open_until_us) {
        h->open_until_us = now_us + us_of(OPEN_MIN_S);
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
    if (h->mean_us == 0) {
        return max_us / 2;
    }
    if (usual_us > max_us) {
        return max_us;
    }
    return usual_us > min_us ? usual_us : min_us;
}

uint64_t health_cost(const struct health *h)
{
    return h->mean_us + h->mean_us * h->error_ppm / (SHARE_ALL / 10);
}
