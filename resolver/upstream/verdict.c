/* SPDX-License-Identifier: MIT */
/* What the end of an attempt means, for its query and for the client. Pure. */
#include "resolver/upstream/upstream.h"

#include <assert.h>

/* What tells a client something about the name: YXDOMAIN is the end of a DNAME that leads to a
 * name too long (RFC 6672 §2.2). All else is about the provider: another may do better. */
static bool is_good_rcode(uint16_t rcode)
{
    return rcode == RCODE_NOERROR || rcode == RCODE_NXDOMAIN || rcode == RCODE_YXDOMAIN;
}

static enum attempt_verdict judge_class(enum driver_class found, uint16_t rcode, bool was_again)
{
    switch (found) {
    case DRIVER_OK:
        return is_good_rcode(rcode) ? ATTEMPT_ANSWERED : ATTEMPT_RETRY_NEXT;
    case DRIVER_NODATA:
    case DRIVER_NXDOMAIN:
        return ATTEMPT_ANSWERED;
    case DRIVER_CLOCK:
    case DRIVER_AGAIN:
        return was_again ? ATTEMPT_RETRY_NEXT : ATTEMPT_RETRY_SAME;
    case DRIVER_UNKNOWN_EMPTY:
    case DRIVER_AUTH:
    case DRIVER_NOT_SERVED:
    case DRIVER_SERVER:
    case DRIVER_RATE:
    case DRIVER_PARSE:
        return ATTEMPT_RETRY_NEXT;
    }
    assert(false);
    return ATTEMPT_RETRY_NEXT;
}

enum attempt_verdict attempt_judge(enum exchange_result result, int found, uint16_t rcode,
                                   bool was_fresh, bool was_again)
{
    switch (result) {
    case EXCHANGE_BROKEN:
        return was_fresh ? ATTEMPT_RETRY_NEXT : ATTEMPT_RETRY_SAME;
    case EXCHANGE_UNREACHABLE:
    case EXCHANGE_UNTRUSTED:
    case EXCHANGE_TLS_FAILED:
    case EXCHANGE_TOO_LARGE:
        return ATTEMPT_RETRY_NEXT;
    case EXCHANGE_DONE:
        break;
    }
    return found > 0 ? judge_class((enum driver_class)found, rcode, was_again) : ATTEMPT_RETRY_NEXT;
}

static enum ede ede_of(enum exchange_result result)
{
    switch (result) {
    case EXCHANGE_UNREACHABLE:
    case EXCHANGE_UNTRUSTED:
        return EDE_NO_REACHABLE;
    case EXCHANGE_TLS_FAILED:
    case EXCHANGE_BROKEN:
        return EDE_NETWORK;
    case EXCHANGE_TOO_LARGE:
    case EXCHANGE_DONE:
        return EDE_INVALID_DATA;
    }
    assert(false);
    return EDE_OTHER;
}

static enum ede ede_of_class(int found)
{
    switch ((enum driver_class)found) {
    case DRIVER_OK:
    case DRIVER_NODATA:
    case DRIVER_NXDOMAIN:
    case DRIVER_UNKNOWN_EMPTY:
    case DRIVER_SERVER:
    case DRIVER_RATE:
        return EDE_NO_REACHABLE;
    case DRIVER_AUTH:
    case DRIVER_CLOCK:
    case DRIVER_AGAIN:
        return EDE_NETWORK;
    case DRIVER_NOT_SERVED:
        return EDE_NOT_SUPPORTED;
    case DRIVER_PARSE:
        break;
    }
    return EDE_INVALID_DATA;
}

enum ede verdict_ede(enum exchange_result result, int found, bool addresses_alone)
{
    enum ede ede = result == EXCHANGE_DONE ? ede_of_class(found) : ede_of(result);
    return addresses_alone && ede != EDE_INVALID_DATA ? EDE_NETWORK : ede;
}

const char *upstream_refusal_word(enum upstream_refusal refusal)
{
    static const char *const words[UPSTREAM_REFUSALS] = {
        "malformed", "not-a-response", "wrong-question", "truncated",
        "chain",     "too-large",      "no-reply",       "rcode",
    };
    return words[refusal];
}

static enum upstream_refusal refusal_of_check(enum answer_outcome check)
{
    switch (check) {
    case ANSWER_MALFORMED:
        break;
    case ANSWER_NOT_A_RESPONSE:
        return REFUSAL_NOT_A_RESPONSE;
    case ANSWER_WRONG_QUESTION:
        return REFUSAL_WRONG_QUESTION;
    case ANSWER_TRUNCATED:
        return REFUSAL_TRUNCATED;
    case ANSWER_BAD_CHAIN:
        return REFUSAL_CHAIN;
    case ANSWER_OK:
        assert(false);
    }
    return REFUSAL_MALFORMED;
}

/* No server has a reason to say so to a question of ours. */
static bool is_strange(uint16_t rcode)
{
    return !verdict_is_worth_telling(rcode) && rcode != RCODE_FORMERR;
}

void upstream_count_refused(struct upstream *u, enum exchange_result result,
                            const struct driver_found *found, int found_class)
{
    if (result == EXCHANGE_TOO_LARGE) {
        u->n_refused[REFUSAL_TOO_LARGE]++;
    } else if (result == EXCHANGE_DONE && found->check > 0) {
        u->n_refused[refusal_of_check((enum answer_outcome)found->check)]++;
    } else if (result == EXCHANGE_DONE && found_class == DRIVER_PARSE) {
        u->n_refused[REFUSAL_NO_REPLY]++;
    } else if (found->answer != NULL && is_strange(found->answer->rcode)) {
        u->n_refused[REFUSAL_RCODE]++;
    }
}

bool verdict_is_unsure(const struct exchange_reply *reply, int found)
{
    return reply->result == EXCHANGE_DONE && reply->status != 429 && reply->status != 503 &&
           (found == DRIVER_OK || found == DRIVER_PARSE || found == DRIVER_SERVER);
}

static const char *trouble_of_class(int found)
{
    switch ((enum driver_class)found) {
    case DRIVER_OK:
        return "an rcode that tells of its own trouble";
    case DRIVER_AUTH:
        return "it does not take our credentials";
    case DRIVER_CLOCK:
        return "it does not take our clock's time";
    case DRIVER_RATE:
        return "it is asked too much";
    case DRIVER_PARSE:
        return "no reply of its protocol";
    case DRIVER_NODATA:
    case DRIVER_NXDOMAIN:
    case DRIVER_UNKNOWN_EMPTY:
    case DRIVER_NOT_SERVED:
    case DRIVER_SERVER:
    case DRIVER_AGAIN:
        break;
    }
    return "its server's own trouble";
}

const char *verdict_trouble(enum exchange_result result, int found)
{
    switch (result) {
    case EXCHANGE_UNREACHABLE:
        return "not reachable";
    case EXCHANGE_UNTRUSTED:
        return "its certificate does not hold";
    case EXCHANGE_TLS_FAILED:
        return "TLS fails";
    case EXCHANGE_BROKEN:
        return "the connection broke";
    case EXCHANGE_TOO_LARGE:
        return "a reply too large";
    case EXCHANGE_DONE:
        break;
    }
    return trouble_of_class(found);
}

bool verdict_is_worth_telling(uint16_t rcode)
{
    return is_good_rcode(rcode) || rcode == RCODE_SERVFAIL || rcode == RCODE_REFUSED ||
           rcode == RCODE_NOTIMP;
}
