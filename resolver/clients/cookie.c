/* SPDX-License-Identifier: MIT */
/* A server cookie (RFC 9018 §4): version 1, three octets 0, the time it was made, and SipHash-2-4
 * of the client's cookie, those eight octets and the client's address.
 *
 * The time stands in the cookie, so the day's secret it was made with is known without keeping
 * any: secrets change by themselves, and a restart is all that forgets them. */
#include "resolver/clients/cookie.h"

#include "resolver/siphash.h"

enum { VERSION = 1, HASHED_HEAD = 8, HASH = 8 };

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static const char *read_secret(const char *text, uint8_t ret_secret[COOKIE_SECRET])
{
    for (size_t i = 0; i < COOKIE_SECRET; i++, text += 2) {
        int high = hex_digit(text[0]);
        int low = high < 0 ? -1 : hex_digit(text[1]);
        if (low < 0) {
            return NULL;
        }
        ret_secret[i] = (uint8_t)(high << 4 | low);
    }
    return text;
}

bool cookie_keys_read(const char *text, struct cookie_keys *ret_keys)
{
    struct cookie_keys keys = {0};
    while (*text != '\0' && keys.n < COOKIE_SECRETS_MAX) {
        text = read_secret(text, keys.at[keys.n]);
        if (text == NULL || (*text != '\0' && *text != ' ')) {
            return false;
        }
        keys.n++;
        text += *text == ' ';
    }
    bool good = keys.n > 0 && *text == '\0';
    if (good) {
        *ret_keys = keys;
    }
    return good;
}

static void write_le(uint64_t v, uint8_t at[HASH])
{
    for (size_t i = 0; i < HASH; i++) {
        at[i] = (uint8_t)(v >> (8 * i));
    }
}

/* The secret of the day that `when_s` is in. */
static void make_secret(const struct cookie_keys *keys, uint32_t when_s,
                        uint8_t ret_secret[COOKIE_SECRET])
{
    uint8_t day[5];
    bytes_write_u32(day, when_s / COOKIE_EPOCH_S);
    for (uint8_t half = 0; half < 2; half++) {
        day[4] = half;
        write_le(siphash(keys->root, bytes_of(day, sizeof day), 2, 4), ret_secret + half * HASH);
    }
}

static void hash_cookie(const uint8_t secret[COOKIE_SECRET], const struct cookie_client *client,
                        const uint8_t head[HASHED_HEAD], uint8_t ret_hash[HASH])
{
    uint8_t all[COOKIE_CLIENT + HASHED_HEAD + 16];
    struct buf b = buf_over(all, sizeof all);
    bool is_ipv4 = client->from->kind == CLIENT_IPV4;
    buf_put(&b, client->cookie.at, COOKIE_CLIENT);
    buf_put(&b, head, HASHED_HEAD);
    buf_put(&b, client->from->at + (is_ipv4 ? 12 : 0), is_ipv4 ? 4 : 16);
    write_le(siphash(secret, bytes_of(all, b.n), 2, 4), ret_hash);
}

/* Its age in seconds, by serial number arithmetic (RFC 1982); negative: from the future. */
static int32_t age_s(const struct cookie_client *client)
{
    uint32_t made_s = bytes_read_u32(client->cookie.at + COOKIE_CLIENT + 4);
    return (int32_t)(client->now_s - made_s);
}

/* How long a comparison takes must not tell how much was right. */
static bool same_hash(const uint8_t a[HASH], const uint8_t b[HASH])
{
    unsigned differs = 0;
    for (size_t i = 0; i < HASH; i++) {
        differs |= (unsigned)(a[i] ^ b[i]);
    }
    return differs == 0;
}

/* The index of the secret it was made with; -1: none of ours. */
static int find_secret(const struct cookie_keys *keys, const struct cookie_client *client)
{
    const uint8_t *server = client->cookie.at + COOKIE_CLIENT;
    if (client->cookie.n != COOKIE_CLIENT + COOKIE_SERVER || server[0] != VERSION ||
        age_s(client) > COOKIE_OLD_S || age_s(client) < -COOKIE_YOUNG_S) {
        return -1;
    }
    uint8_t hash[HASH], secret[COOKIE_SECRET];
    for (size_t i = 0; i < (keys->n > 0 ? keys->n : 1); i++) {
        if (keys->n > 0) {
            memcpy(secret, keys->at[i], sizeof secret);
        } else {
            make_secret(keys, bytes_read_u32(server + 4), secret);
        }
        hash_cookie(secret, client, server, hash);
        if (same_hash(hash, server + HASHED_HEAD)) {
            return (int)i;
        }
    }
    return -1;
}

bool cookie_answer(const struct cookie_keys *keys, const struct cookie_client *client,
                   uint8_t ret_cookie[COOKIE_CLIENT + COOKIE_SERVER])
{
    int found = find_secret(keys, client);
    if (found == 0 && age_s(client) <= COOKIE_RENEW_S) {
        memcpy(ret_cookie, client->cookie.at, COOKIE_CLIENT + COOKIE_SERVER);
        return true;
    }
    uint8_t secret[COOKIE_SECRET], *server = ret_cookie + COOKIE_CLIENT;
    if (keys->n > 0) {
        memcpy(secret, keys->at[0], sizeof secret);
    } else {
        make_secret(keys, client->now_s, secret);
    }
    memcpy(ret_cookie, client->cookie.at, COOKIE_CLIENT);
    memset(server, 0, HASHED_HEAD);
    server[0] = VERSION;
    bytes_write_u32(server + 4, client->now_s);
    hash_cookie(secret, client, server, server + HASHED_HEAD);
    return found >= 0;
}
