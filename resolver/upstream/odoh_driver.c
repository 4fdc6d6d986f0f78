/* SPDX-License-Identifier: MIT */
/* Oblivious DoH (RFC 9230): the endpoint is the relay, which sees who asks but not what; the target
 * sees what is asked but not by whom. The target's key comes from a file, or is fetched from the
 * target: before the first question, again every day, and when the target does not know it any
 * more.
 */
#include "resolver/upstream/bootstrap.h"
#include "resolver/upstream/drivers.h"
#include "resolver/upstream/odoh.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#define S_US UINT64_C(1000000)

/* What we are would set our questions apart from those of others. */
#define NO_USER_AGENT "User-Agent:"

enum {
    FETCH_PAUSE_S = 10, /* between two fetches, whatever happens */
    REFRESH_S = 24 * 3600,
    REFRESH_JITTER_S = REFRESH_S / 10, /* so that not all clients come in the same second */
    REFRESH_AGAIN_S = 600,             /* after a refresh that failed */
};

/* What is known of the target. */
struct target {
    struct odoh_key key;
    bool has_key;
    bool refused; /* the target does not know the key: another is wanted before the next question */
    bool fetching;       /* an errand is under way */
    uint64_t refresh_us; /* when to fetch again */
    uint64_t may_us;     /* no fetch before */
};

/* One question, until its reply. */
struct oblivious {
    struct odoh_pending pending;
    uint8_t key_id[ODOH_KEY_ID];
};

static enum driver_serves odoh_serves(const struct provider_params *provider,
                                      const struct question *question, bool want_do, bool want_cd)
{
    (void)provider, (void)question, (void)want_do, (void)want_cd;
    return DRIVER_READILY;
}

/* ---- the target's key ---- */

static int odoh_open_target(const struct provider_params *provider, struct driver_memory *memory)
{
    struct target *target = calloc(1, sizeof *target);
    if (target == NULL) {
        return -ENOMEM;
    }
    if (provider->odoh.configs.n > 0) {
        target->has_key = odoh_key_read(provider->odoh.configs, &target->key) == 0;
    }
    memory->own = target;
    return 0;
}

static void odoh_close_target(struct driver_memory *memory)
{
    free(memory->own);
    memory->own = NULL;
}

static const struct exchange_endpoint *odoh_errand_endpoint(const struct provider_params *provider)
{
    return provider->odoh.configs.n > 0 ? NULL : &provider->odoh.target;
}

static enum driver_errand odoh_errand(struct driver_call *call, struct driver_room *room,
                                      struct exchange_request *request)
{
    struct target *target = call->memory->own;
    uint64_t now_us = port_now_us(call->port);
    bool needed = !target->has_key || target->refused;
    (void)room;
    if (call->provider->odoh.configs.n > 0 || (!needed && now_us < target->refresh_us) ||
        (!target->fetching && now_us < target->may_us)) {
        return DRIVER_ERRAND_NONE;
    }
    request->method = EXCHANGE_GET;
    request->media_type = "*/*"; /* RFC 9230 registers none for configurations */
    request->header = NO_USER_AGENT;
    if (!target->fetching) {
        target->fetching = true;
        target->may_us = now_us + FETCH_PAUSE_S * S_US;
    }
    return needed ? DRIVER_ERRAND_NEEDED : DRIVER_ERRAND_DUE;
}

/* The errand has ended, with a key or with NULL. */
static void take_key(struct driver_call *call, const struct odoh_key *key)
{
    struct target *target = call->memory->own;
    uint64_t wait_s = REFRESH_AGAIN_S;
    target->fetching = false;
    if (key != NULL) {
        target->key = *key;
        target->has_key = true;
        target->refused = false;
        wait_s = REFRESH_S - port_random_below(call->port, REFRESH_JITTER_S);
    }
    target->refresh_us = port_now_us(call->port) + wait_s * S_US;
}

static struct driver_addresses odoh_errand_done(struct driver_call *call,
                                                const struct exchange_reply *reply)
{
    struct odoh_key key;
    bool good = reply->result == EXCHANGE_DONE && reply->status >= 200 && reply->status <= 299 &&
                odoh_key_read(reply->body, &key) == 0;
    take_key(call, good ? &key : NULL);
    return (struct driver_addresses){0};
}

static bool odoh_errand_question(struct driver_call *call, struct question *ret_question)
{
    *ret_question = (struct question){.type = TYPE_HTTPS, .class = CLASS_IN};
    bool named = call->provider->odoh.configs_dns &&
                 bootstrap_host_of(call->provider->odoh.target.url, &ret_question->name);
    name_lower(&ret_question->name);
    return named;
}

/* A key that the target has just refused is no news. */
static bool odoh_errand_answer(struct driver_call *call, const struct answer *answer)
{
    const struct target *target = call->memory->own;
    struct odoh_key key;
    bool good = odoh_key_find(answer, &key) == 0 &&
                !(target->refused && memcmp(key.id, target->key.id, ODOH_KEY_ID) == 0);
    if (good) {
        take_key(call, &key);
    }
    return good;
}

/* ---- a question ---- */

static int odoh_build(struct driver_call *call, struct driver_room *room,
                      struct exchange_request *request)
{
    const struct target *target = call->memory->own;
    uint8_t message[QUERY_MAX];
    struct query_wish wish = {.question = call->question,
                              .want_do = call->want_do,
                              .want_cd = call->want_cd,
                              .want_ad = true};
    if (!target->has_key) {
        return -EAGAIN;
    }
    struct oblivious *kept = malloc(sizeof *kept);
    if (kept == NULL) {
        return -ENOMEM;
    }
    struct buf body = buf_over(room->body, sizeof room->body);
    int failure =
        odoh_seal(&target->key, call->port, bytes_of(message, message_write_query(&wish, message)),
                  &kept->pending, &body);
    if (failure < 0) {
        odoh_forget(&kept->pending);
        free(kept);
        return failure;
    }
    memcpy(kept->key_id, target->key.id, ODOH_KEY_ID);
    call->kept = kept;
    request->method = EXCHANGE_POST;
    request->media_type = ODOH_MEDIA_TYPE;
    request->header = NO_USER_AGENT;
    request->body = bytes_of(body.at, body.n);
    return 0;
}

static void odoh_forget_kept(struct driver_call *call)
{
    struct oblivious *kept = call->kept;
    if (kept != NULL) {
        odoh_forget(&kept->pending);
        free(kept);
        call->kept = NULL;
    }
}

/* ---- its reply ---- */

/* The target does not know the key. Another attempt may have fetched a new one meanwhile; else one
 * is fetched, unless it was just now. */
static enum driver_class read_refusal(struct driver_call *call, struct driver_found *found)
{
    struct target *target = call->memory->own;
    const struct oblivious *kept = call->kept;
    if (memcmp(kept->key_id, target->key.id, ODOH_KEY_ID) != 0) {
        found->why = "the target has changed its key";
        return DRIVER_AGAIN;
    }
    if (call->provider->odoh.configs.n > 0) {
        found->why = "the target does not know the key of odoh-configs-file";
        return DRIVER_AUTH;
    }
    if (!target->fetching && port_now_us(call->port) < target->may_us) {
        found->why = "the target does not know the key that it gave";
        return DRIVER_SERVER;
    }
    target->refused = true;
    found->why = "the target does not know the key any more";
    return DRIVER_AGAIN;
}

/* A 401 is the relay's own when it says so without having received one (RFC 9209 §2.1.4). */
static bool is_relays_own(const struct exchange_reply *reply)
{
    return reply->proxy_status != NULL &&
           strcasestr(reply->proxy_status, "received-status=401") == NULL;
}

static enum driver_class read_status(struct driver_call *call, const struct exchange_reply *reply,
                                     struct driver_found *found)
{
    switch (reply->status) {
    case 400:
        found->why = "the target could not read the question";
        return DRIVER_SERVER;
    case 401:
        if (!is_relays_own(reply)) {
            return read_refusal(call, found);
        }
        found->why = "the relay wants credentials";
        return DRIVER_AUTH;
    case 403:
        found->why = "the relay does not forward to this target";
        return DRIVER_AUTH;
    case 429:
        return DRIVER_RATE;
    case 502:
    case 504:
        found->why = "the relay could not reach the target";
        return DRIVER_SERVER;
    default:
        return DRIVER_SERVER;
    }
}

static int read_sealed(struct driver_call *call, struct bytes body,
                       const struct answer_expect *expect, struct driver_found *found)
{
    const struct oblivious *kept = call->kept;
    struct bytes message;
    uint8_t *room = malloc(body.n);
    if (room == NULL) {
        return -ENOMEM;
    }
    int outcome = odoh_open(&kept->pending, body, room, &message);
    if (outcome == 0) {
        outcome = driver_read_message(message, expect, found);
    } else if (outcome == -EBADMSG) {
        found->why = "the reply is not sealed for this question";
        outcome = DRIVER_PARSE;
    }
    free(room);
    return outcome;
}

static int odoh_read(struct driver_call *call, const struct exchange_reply *reply,
                     const struct answer_expect *expect, struct driver_found *found)
{
    if (reply->status < 200 || reply->status > 299) {
        return (int)read_status(call, reply, found);
    }
    if (reply->body.n == 0) {
        /* Some relays turn the target's 401 into this. */
        return (int)read_refusal(call, found);
    }
    if (!driver_is_type(reply, ODOH_MEDIA_TYPE)) {
        found->why = "media type is not " ODOH_MEDIA_TYPE;
        return DRIVER_PARSE;
    }
    return read_sealed(call, reply->body, expect, found);
}

const struct driver driver_odoh = {
    .name = "odoh",
    .serves = odoh_serves,
    .build = odoh_build,
    .read = odoh_read,
    .forget = odoh_forget_kept,
    .open = odoh_open_target,
    .close = odoh_close_target,
    .errand = odoh_errand,
    .errand_endpoint = odoh_errand_endpoint,
    .errand_done = odoh_errand_done,
    .errand_question = odoh_errand_question,
    .errand_answer = odoh_errand_answer,
};
