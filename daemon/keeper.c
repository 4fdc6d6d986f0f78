/* SPDX-License-Identifier: MIT */
#include "daemon/keeper.h"

#include "daemon/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

enum { LOOK_S = 1, FNV_PRIME_32 = 16777619 };

struct keeper {
    struct keeper_params params;
    uint8_t secret[16];
    pthread_t thread;
    enum policy_extent first; /* what is read before on_loaded is told */
    bool started;
    bool complete;         /* the files have been read */
    uint64_t seen, loaded; /* how the files looked last, and when they were read */
    pthread_mutex_t lock;  /* of the two below */
    pthread_cond_t changed;
    bool ending;
    struct policy *policy;
};

static void on_told(void *ctx, bool is_trouble, const char *text)
{
    (void)ctx;
    log_say(is_trouble ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "policy: %s", text);
}

/* Whoever ends does not wait for a list of any size. */
static bool is_ending(void *ctx)
{
    struct keeper *k = ctx;
    pthread_mutex_lock(&k->lock);
    bool ending = k->ending;
    pthread_mutex_unlock(&k->lock);
    return ending;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * FNV_PRIME_32 + (hash >> 29);
}

/* A number that changes when one of the files does: who may read it, and what was written with the
 * time of before, the inode's own time alone tells. */
static uint64_t look(const struct policy_params *params)
{
    uint64_t hash = 1;
    struct stat st;
    for (size_t i = 0; policy_file(params, i) != NULL; i++) {
        if (stat(policy_file(params, i), &st) < 0) {
            st = (struct stat){0};
        }
        hash = mix(hash, (uint64_t)st.st_mtim.tv_sec);
        hash = mix(hash, (uint64_t)st.st_mtim.tv_nsec);
        hash = mix(hash, (uint64_t)st.st_ctim.tv_sec);
        hash = mix(hash, (uint64_t)st.st_ctim.tv_nsec);
        hash = mix(hash, (uint64_t)st.st_size);
        hash = mix(hash, (uint64_t)st.st_ino);
    }
    return hash;
}

static void put(struct keeper *k, struct policy *policy)
{
    pthread_mutex_lock(&k->lock);
    struct policy *old = k->policy;
    k->policy = policy;
    pthread_mutex_unlock(&k->lock);
    policy_unref(old);
}

struct policy *keeper_policy(struct keeper *k)
{
    pthread_mutex_lock(&k->lock);
    struct policy *policy = policy_ref(k->policy);
    pthread_mutex_unlock(&k->lock);
    return policy;
}

static void tell_size(const struct keeper *k, const struct policy *policy)
{
    struct policy_counts counts;
    policy_count(policy, &counts);
    if (k->params.policy->n_lists + k->params.policy->n_rules > 0) {
        log_say(LOG_LEVEL_INFO, "policy: %zu names in lists and rules, %zu of our own, %zu KiB",
                counts.n_suffixes, counts.n_local, counts.used_bytes / 1024);
    }
}

/* What there is to tell is told when everything is loaded, which follows. */
static void on_told_early(void *ctx, bool is_trouble, const char *text)
{
    (void)ctx, (void)is_trouble, (void)text;
}

/* What is in force stays so when a file cannot be read, unless it is without files anyway. */
static bool load(struct keeper *k, enum policy_extent extent)
{
    struct policy_teller teller = {
        .tell = extent == POLICY_WHOLE ? on_told : on_told_early, .gives_up = is_ending, .ctx = k};
    struct policy *policy = NULL;
    int failure = policy_load(k->params.policy, extent, k->secret, &teller, &policy);
    if (failure == -ECANCELED) {
        return false;
    }
    if (failure < 0) {
        log_say(LOG_LEVEL_ERROR, "policy: lists cannot be loaded: %s", strerror(-failure));
        return false;
    }
    if (k->complete && teller.n_failed > 0) {
        log_say(LOG_LEVEL_WARNING, "policy: the lists read before stay in force");
        policy_unref(policy);
        return false;
    }
    k->complete = extent == POLICY_WHOLE;
    put(k, policy);
    return teller.n_failed == 0;
}

/* ---- the thread ---- */

/* False when the keeper is to end. */
static bool rest(struct keeper *k)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += LOOK_S;
    pthread_mutex_lock(&k->lock);
    while (!k->ending && pthread_cond_timedwait(&k->changed, &k->lock, &until) == 0) {
    }
    bool ending = k->ending;
    pthread_mutex_unlock(&k->lock);
    return !ending;
}

/* What is said to be in force has been handed to the workers. */
static bool load_and_tell(struct keeper *k, enum policy_extent extent)
{
    const struct policy *before = k->policy;
    k->loaded = k->seen;
    bool good = load(k, extent);
    if (k->policy != before) {
        k->params.on_policy(k->params.ctx, keeper_policy(k));
    }
    if (k->policy != before && extent == POLICY_WHOLE) {
        tell_size(k, k->policy);
    }
    return good;
}

static void load_first(struct keeper *k)
{
    enum policy_extent first = k->params.policy->n_lists > 0 ? k->first : POLICY_WHOLE;
    k->seen = look(k->params.policy);
    bool good = load_and_tell(k, first);
    if (k->params.on_loaded != NULL) {
        k->params.on_loaded(k->params.ctx, good);
    }
    if (first != POLICY_WHOLE) {
        load_and_tell(k, POLICY_WHOLE);
    }
}

/* A file that is being written is read when it has looked the same twice. */
static void *run_keeper(void *arg)
{
    struct keeper *k = arg;
    load_first(k);
    while (rest(k)) {
        uint64_t now = look(k->params.policy);
        bool settled = now == k->seen;
        k->seen = now;
        if (settled && now != k->loaded) {
            load_and_tell(k, POLICY_WHOLE);
        }
    }
    return NULL;
}

int keeper_start(struct keeper *k, enum policy_extent first)
{
    k->first = first;
    if (policy_file(k->params.policy, 0) == NULL) {
        return 0;
    }
    int error = pthread_create(&k->thread, NULL, run_keeper, k);
    k->started = error == 0;
    return -error;
}

/* ---- making and freeing ---- */

static bool make_policy(struct keeper *k)
{
    struct policy_teller teller = {.tell = on_told};
    return policy_load(k->params.policy, POLICY_FILELESS, k->secret, &teller, &k->policy) == 0;
}

struct keeper *keeper_new(const struct keeper_params *params)
{
    struct keeper *k = calloc(1, sizeof *k);
    pthread_condattr_t attr;
    if (k == NULL) {
        return NULL;
    }
    k->params = *params;
    memcpy(k->secret, params->secret, sizeof k->secret);
    pthread_mutex_init(&k->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&k->changed, &attr);
    pthread_condattr_destroy(&attr);
    return make_policy(k) ? k : keeper_free(k);
}

struct keeper *keeper_free(struct keeper *k)
{
    if (k == NULL) {
        return NULL;
    }
    pthread_mutex_lock(&k->lock);
    k->ending = true;
    pthread_cond_signal(&k->changed);
    pthread_mutex_unlock(&k->lock);
    if (k->started) {
        pthread_join(k->thread, NULL);
    }
    policy_unref(k->policy);
    pthread_cond_destroy(&k->changed);
    pthread_mutex_destroy(&k->lock);
    free(k);
    return NULL;
}
