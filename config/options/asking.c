/* SPDX-License-Identifier: MIT */
/* Whom to ask, and for how long what they say is kept. */
#include "config/lists.h"
#include "config/options/options.h"

enum { MS_A_S = 1000, DAY_S = 86400 };

static const struct schema_word strategies[] = {{"failover", POOL_FAILOVER},
                                                {"fastest", POOL_FASTEST},
                                                {"race", POOL_RACE},
                                                {"spread", POOL_SPREAD},
                                                {NULL, 0}};
static const struct schema_word answers[] = {
    {"complete", ANSWERS_COMPLETE}, {"minimal", ANSWERS_MINIMAL}, {NULL, 0}};
static const struct schema_word unserved[] = {{"servfail", UNSERVED_SERVFAIL},
                                              {"notimp", UNSERVED_NOTIMP},
                                              {"refused", UNSERVED_REFUSED},
                                              {NULL, 0}};
static const struct schema_word prefetch[] = {
    {"yes", CACHE_PREFETCH_YES}, {"no", CACHE_PREFETCH_NO}, {NULL, 0}};

#define AT(field) offsetof(struct config, field)

static const struct schema_row rows[] = {
    {.key = "providers",
     .kind = SCHEMA_OTHER,
     .read = providers_read,
     .print = providers_print,
     .help =
         "Whom to ask, in order: a list of built-in presets (preset: NAME) or providers spelled "
         "out (name, url, protocol, addresses, ca-file, filtering)."},
    {.key = "strategy",
     .kind = SCHEMA_WORD,
     .offset = AT(strategy),
     .fallback = "failover",
     .words = strategies,
     .help = "How a provider is chosen: failover takes the first that works, in order; fastest the "
             "better of two drawn at random; race asks several at once, in order; spread goes by "
             "the site asked for, so that no provider sees everything."},
    {.key = "race",
     .kind = SCHEMA_COUNT,
     .offset = AT(n_race),
     .min = 2,
     .max = 4,
     .fallback = "2",
     .help = "How many providers the strategy race asks at once; the first good answer counts."},
    {.key = "query-timeout",
     .kind = SCHEMA_DURATION_MS,
     .offset = AT(query_timeout_ms),
     .min = 1 * MS_A_S,
     .max = 30 * MS_A_S,
     .fallback = "4s",
     .help = "The time one query may take over all providers; stub resolvers give up after 5s."},
    {.key = "connection-age",
     .kind = SCHEMA_DURATION_S,
     .offset = AT(connection_age_s),
     .min = 1,
     .max = DAY_S,
     .fallback = "1h",
     .help = "The age at which a connection to a provider is replaced: a new one is made beside it "
             "with a copy of a question, and takes the questions over."},
    {.key = "answers",
     .kind = SCHEMA_WORD,
     .offset = AT(answers),
     .fallback = "complete",
     .words = answers,
     .help = "What a client is given: minimal leaves the zone's NS records out where the question "
             "was answered or denied."},
    {.key = "unserved",
     .kind = SCHEMA_WORD,
     .offset = AT(unserved),
     .fallback = "servfail",
     .words = unserved,
     .help = "What is said to a question that no provider takes, such as MX where all know "
             "addresses alone: servfail, notimp or refused, each with EDE 21; HTTPS and SVCB are "
             "then absent all the same."},
    {.section = "cache",
     .key = "size",
     .kind = SCHEMA_SIZE,
     .offset = AT(cache.size_bytes),
     .max = UINT64_C(1) << 40,
     .fallback = "64MiB",
     .help = "The memory that answers may take; 0 keeps none."},
    {.section = "cache",
     .key = "min-ttl",
     .kind = SCHEMA_DURATION_S,
     .offset = AT(cache.min_ttl_s),
     .max = DAY_S,
     .fallback = "0s",
     .help =
         "TTLs below are raised to this; anything above 0s serves answers their owner calls old."},
    {.section = "cache",
     .key = "max-ttl",
     .kind = SCHEMA_DURATION_S,
     .offset = AT(cache.max_ttl_s),
     .min = 1,
     .max = 7 * DAY_S,
     .fallback = "1d",
     .help = "TTLs above are cut to this."},
    {.section = "cache",
     .key = "negative-max-ttl",
     .kind = SCHEMA_DURATION_S,
     .offset = AT(cache.negative_max_ttl_s),
     .max = DAY_S,
     .fallback = "1h",
     .help = "How long the absence of a name or type is remembered at most (RFC 2308)."},
    {.section = "cache",
     .key = "failure-max-ttl",
     .kind = SCHEMA_DURATION_S,
     .offset = AT(cache.failure_max_ttl_s),
     .min = 1,
     .max = 300,
     .fallback = "30s",
     .help = "How long it is remembered at most that a question had no answer (RFC 9520)."},
    {.section = "cache",
     .key = "max-stale",
     .kind = SCHEMA_DURATION_S,
     .offset = AT(cache.max_stale_s),
     .max = 7 * DAY_S,
     .fallback = "1d",
     .help = "How long after its TTL an answer is still given when no provider has a better one "
             "(RFC 8767), marked with EDE 3, or 19 when the name did not exist; 0s gives none."},
    {.section = "cache",
     .key = "stale-after",
     .kind = SCHEMA_DURATION_MS,
     .offset = AT(stale.after_ms),
     .max = 30 * MS_A_S,
     .fallback = "1800ms",
     .help = "How long a client waits for a fresh answer before it is given a stale one, or less "
             "when the asking fails sooner; with 0s it gets the stale one at once, and it is asked "
             "for anew behind it."},
    {.section = "cache",
     .key = "stale-ttl",
     .kind = SCHEMA_DURATION_S,
     .offset = AT(stale.ttl_s),
     .max = DAY_S,
     .fallback = "30s",
     .help = "The TTL of the records of a stale answer."},
    {.section = "cache",
     .key = "stale-recheck",
     .kind = SCHEMA_DURATION_S,
     .offset = AT(stale.recheck_s),
     .max = 3600,
     .fallback = "30s",
     .help = "After a failure, a stale answer is given at once for so long without asking anew."},
    {.section = "cache",
     .key = "stale-renew",
     .kind = SCHEMA_FLAG,
     .offset = AT(cache.renew_stale),
     .fallback = "no",
     .help =
         "Whether each failure begins max-stale anew, so that what is asked for is given for as "
         "long as an outage lasts."},
    {.section = "cache",
     .key = "prefetch",
     .kind = SCHEMA_WORD,
     .offset = AT(cache.prefetch),
     .fallback = "yes",
     .words = prefetch,
     .help = "Ask again for popular names when about 90 % of their TTL have passed, so that their "
             "next client need not wait."},
};

const struct options options_asking = {rows, sizeof rows / sizeof rows[0]};
