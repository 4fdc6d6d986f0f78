/* SPDX-License-Identifier: MIT */
/* A vendor by configuration (PROVIDERS §7.7): a URL with places for values, a digest over a text
 * with places for values, and JSON pointers to what comes back. Values are escaped in the URL and
 * stand as they are in what is signed. */
#include "resolver/upstream/drivers.h"
#include "resolver/upstream/vendor.h"

#include <errno.h>

enum { NUMBER = 24, N_VALUES = 10, SIGN_MAX = 2 * DIGEST_MAX + 1 };

/* In the order in which fill() has the values. */
static const char *const names[N_VALUES] = {"{host}", "{t}",      "{tms}", "{sign}", "{account}",
                                            "{key}",  "{secret}", "{ip}",  "{type}", "{family}"};

struct values {
    char host[HOSTS_NAME_MAX], time_s[NUMBER], time_ms[NUMBER], subnet[SUBNET_TEXT_MAX];
    char sign[SIGN_MAX];
    const char *at[N_VALUES];
};

static void fill(struct values *v, const struct driver_call *call)
{
    const struct provider_account *account = &call->provider->account;
    bool is_v4 = call->question->type == TYPE_A;
    int64_t time_s = driver_now_s(call) + call->provider->template.expiry_s;
    memset(v, 0, sizeof *v);
    struct buf seconds = buf_over(v->time_s, sizeof v->time_s - 1);
    struct buf milliseconds = buf_over(v->time_ms, sizeof v->time_ms - 1);
    struct buf subnet = buf_over(v->subnet, sizeof v->subnet - 1);
    encode_number(time_s, &seconds);
    encode_number(time_s * 1000, &milliseconds);
    subnet_put(&call->provider->client_subnet, "", SUBNET_ADDRESS, &subnet);
    const char *const values[N_VALUES] = {
        hosts_name(call->question, v->host),
        v->time_s,
        v->time_ms,
        v->sign,
        account->id != NULL ? account->id : "",
        account->access_key.text != NULL ? account->access_key.text : "",
        account->secret.text != NULL ? account->secret.text : "",
        v->subnet,
        is_v4 ? "A" : "AAAA",
        is_v4 ? "4" : "6",
    };
    memcpy(v->at, values, sizeof values);
}

/* The number of the value whose name stands here; N_VALUES when it is none's. */
static size_t value_at(const char *template)
{
    size_t i = 0;
    while (i < N_VALUES && strncmp(template, names[i], strlen(names[i])) != 0) {
        i++;
    }
    return i;
}

const char *generic_stranger(const char *template, size_t *ret_n)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-";
    for (const char *c = strchr(template, '{'); c != NULL; c = strchr(c + 1, '{')) {
        size_t n = strspn(c + 1, letters);
        if (n > 0 && c[1 + n] == '}' && value_at(c) == N_VALUES) {
            *ret_n = n + 2;
            return c;
        }
    }
    return NULL;
}

/* Appends the template with its values; what stands in braces and is none stays as it is. */
static void expand(const char *template, const struct values *v, bool in_url, struct buf *out)
{
    while (*template != '\0') {
        size_t i = value_at(template);
        if (i == N_VALUES) {
            buf_put(out, template ++, 1);
            continue;
        }
        template += strlen(names[i]);
        if (in_url) {
            encode_url(bytes_of(v->at[i], strlen(v->at[i])), out);
        } else {
            encode_text(v->at[i], out);
        }
    }
}

static enum digest_kind kind_of(enum provider_hash hash)
{
    switch (hash) {
    case HASH_MD5:
        return DIGEST_MD5;
    case HASH_SHA256:
        return DIGEST_SHA256;
    case HASH_HMAC_SHA256:
        break;
    }
    return DIGEST_HMAC_SHA256;
}

static int sign(const struct driver_call *call, struct values *v)
{
    const struct provider_template *template = &call->provider->template;
    const char *secret = call->provider->account.secret.text;
    uint8_t room[VENDOR_SIGNED_MAX];
    struct buf message = buf_over(room, sizeof room);
    struct buf out = buf_over(v->sign, sizeof v->sign - 1);
    if (template->sign == NULL) {
        return 0;
    }
    expand(template->sign, v, false, &message);
    int failure =
        vendor_put_digest(kind_of(template->hash),
                          bytes_of(secret, secret != NULL ? strlen(secret) : 0), &message, &out);
    explicit_bzero(room, sizeof room);
    return failure;
}

static int build(struct driver_call *call, struct driver_room *room,
                 struct exchange_request *request)
{
    struct values v;
    const struct provider_template *template = &call->provider->template;
    fill(&v, call);
    int failure = sign(call, &v);
    struct buf url = vendor_url(room, "");
    expand(call->endpoint->url, &v, true, &url);
    if (template->header != NULL) {
        struct buf header = buf_over(room->header, sizeof room->header - 1);
        expand(template->header, &v, false, &header);
        failure = failure == 0 && header.overflow ? -EMSGSIZE : failure;
        room->header[header.n] = '\0';
        request->header = room->header;
    }
    return failure < 0 ? failure : vendor_get(room, &url, request);
}

/* ---- reading ---- */

static bool is_among(const struct provider_texts *texts, const struct jsonv *code)
{
    int64_t number;
    for (size_t i = 0; i < texts->n; i++) {
        char as_number[NUMBER] = "";
        struct buf out = buf_over(as_number, sizeof as_number - 1);
        if (tree_text_is(code, texts->at[i])) {
            return true;
        }
        if (jsonv_integer(code, &number)) {
            encode_number(number, &out);
            if (strcmp(as_number, texts->at[i]) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* What the error code says; DRIVER_OK when there is none. */
static int class_of(const struct driver_call *call, const struct exchange_reply *reply,
                    const struct jsonv *root, struct driver_found *found)
{
    const struct provider_template *template = &call->provider->template;
    bool good = reply->status >= 200 && reply->status <= 299;
    const struct jsonv *code = template->code != NULL ? tree_pointer(root, template->code) : NULL;
    if (code == NULL || tree_is_null(code) || is_among(&template->good_codes, code)) {
        return good ? DRIVER_OK : vendor_class_of_status(call, reply, found);
    }
    if (is_among(&template->clock_codes, code)) {
        return DRIVER_CLOCK;
    }
    if (is_among(&template->empty_codes, code)) {
        return DRIVER_UNKNOWN_EMPTY;
    }
    if (is_among(&template->auth_codes, code)) {
        return DRIVER_AUTH;
    }
    if (is_among(&template->other_codes, code)) {
        return DRIVER_NOT_SERVED;
    }
    return vendor_class_of_code(call, reply, tree_text(code), found);
}

/* vendor_parse(), for a list at the top as well. */
static int parse(struct bytes body, struct driver_found *found, struct jsonv **ret_root)
{
    int failure = tree_parse(body, ret_root);
    if (failure == -ENOMEM) {
        return failure;
    }
    bool good = failure == 0 && (tree_is_object(*ret_root) || tree_is_array(*ret_root));
    return good ? DRIVER_OK : vendor_garbage(found, "no JSON object in the reply");
}

static int read_reply(struct driver_call *call, const struct exchange_reply *reply,
                      const struct answer_expect *expect, struct driver_found *found)
{
    owned(jsonv_freep) struct jsonv *root = NULL;
    const struct provider_template *template = &call->provider->template;
    struct hosts hosts;
    int class = parse(reply->body, found, &root);
    if (class == DRIVER_PARSE && (reply->status < 200 || reply->status > 299)) {
        return vendor_class_of_status(call, reply, found);
    }
    if (class == DRIVER_OK) {
        class = class_of(call, reply, root, found);
    }
    if (class != DRIVER_OK && class != DRIVER_UNKNOWN_EMPTY) {
        return class;
    }
    hosts_init(&hosts, false);
    for (size_t i = 0; i < template->addresses.n && class == DRIVER_OK; i++) {
        if (!vendor_add_addresses(&hosts, tree_pointer(root, template->addresses.at[i]))) {
            return vendor_garbage(found, "no address");
        }
    }
    if (template->ttl != NULL) {
        hosts.v4.ttl_s = hosts.v6.ttl_s = vendor_ttl(tree_pointer(root, template->ttl));
    }
    return hosts_answer(&hosts, expect, found);
}

static enum driver_serves serves(const struct provider_params *provider,
                                 const struct question *question, bool want_do, bool want_cd)
{
    const struct provider_texts *types = &provider->template.types;
    const char *type = question->type == TYPE_A ? "A" : "AAAA";
    bool has = types->n == 0;
    for (size_t i = 0; i < types->n; i++) {
        has = has || strcmp(types->at[i], type) == 0;
    }
    return has ? hosts_serves(provider, question, want_do, want_cd) : DRIVER_NEVER;
}

/* Whoever is not told which family is wanted tells what there is of both. */
static bool asks_both(const struct provider_params *provider)
{
    const char *url = provider->endpoint.url;
    return strstr(url, "{type}") == NULL && strstr(url, "{family}") == NULL &&
           provider->template.types.n != 1;
}

const struct driver driver_generic = {
    .name = "generic",
    .addresses_alone = true,
    .wants_date = true,
    .body_max = EXCHANGE_JSON_MAX,
    .serves = serves,
    .build = build,
    .read = read_reply,
    .asks_both = asks_both,
};
