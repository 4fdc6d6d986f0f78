/* SPDX-License-Identifier: MIT */
#include "daemon/blockpages.h"

#include "daemon/log.h"

#include <sys/stat.h>

static uint64_t mix(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * UINT64_C(0x100000001b3) + (hash >> 29);
}

/* A number that changes when one of the files does; never 0. */
static uint64_t look(const struct audit_params *params)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    struct stat st;
    for (size_t i = 0; i < params->n_fingerprints; i++) {
        if (stat(fingerprints_path(params->fingerprints[i]), &st) < 0) {
            st = (struct stat){0};
        }
        hash = mix(hash, (uint64_t)st.st_mtim.tv_sec);
        hash = mix(hash, (uint64_t)st.st_mtim.tv_nsec);
        hash = mix(hash, (uint64_t)st.st_size);
        hash = mix(hash, (uint64_t)st.st_ino);
    }
    return hash | 1;
}

/* gives the set; *ret_whole is false when a list was not read to its end. NULL without memory. */
static struct fingerprints *load(const struct audit_params *params, bool *ret_whole)
{
    struct fingerprints *set = fingerprints_new();
    *ret_whole = set != NULL;
    for (size_t i = 0; set != NULL && i < params->n_fingerprints; i++) {
        char why[FINGERPRINTS_WHY_MAX];
        if (fingerprints_load(set, params->fingerprints[i], why) < 0) {
            log_say(LOG_LEVEL_WARNING, "cross-check: hijack.fingerprints: %s", why);
            *ret_whole = false;
        }
    }
    if (set != NULL) {
        fingerprints_sort(set);
    }
    return set;
}

static void take(struct blockpages *pages, const struct audit_params *params, struct audit *audit)
{
    bool whole;
    struct fingerprints *set = load(params, &whole);
    if (set == NULL || (!whole && pages->set != NULL)) {
        log_say(LOG_LEVEL_WARNING, "cross-check: the block addresses read before stay in force");
        fingerprints_free(set);
        return;
    }
    audit_set_fingerprints(audit, set);
    fingerprints_free(pages->set);
    pages->set = set;
    log_say(LOG_LEVEL_INFO, "cross-check: %zu known block addresses and names",
            fingerprints_count(set));
}

void blockpages_refresh(struct blockpages *pages, const struct audit_params *params,
                        struct audit *audit)
{
    if (params->n_fingerprints == 0) {
        return;
    }
    uint64_t now = look(params);
    bool at_rest = now == pages->seen || pages->loaded == 0;
    pages->seen = now;
    if (at_rest && now != pages->loaded) {
        pages->loaded = now;
        take(pages, params, audit);
    }
}

void blockpages_done(struct blockpages *pages)
{
    pages->set = fingerprints_free(pages->set);
}
