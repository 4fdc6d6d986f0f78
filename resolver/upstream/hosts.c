/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/hosts.h"

#include "resolver/upstream/synth.h"

#include <arpa/inet.h>

void hosts_init(struct hosts *hosts, bool asked_both)
{
    hosts->v4.why = hosts->v6.why = DRIVER_UNKNOWN_EMPTY;
    hosts->v4.ttl_s = hosts->v6.ttl_s = 0;
    hosts->v4.n = hosts->v6.n = 0;
    hosts->asked_both = asked_both;
}

/* What is told twice is one record (RFC 2181 §5). */
static void add_once(struct hosts_family *family, const uint8_t at[16])
{
    for (size_t i = 0; i < family->n; i++) {
        if (memcmp(family->at[i], at, 16) == 0) {
            return;
        }
    }
    if (family->n < HOSTS_ADDRESSES_MAX) {
        memcpy(family->at[family->n++], at, 16);
    }
}

bool hosts_add(struct hosts *hosts, struct bytes text)
{
    char copy[INET6_ADDRSTRLEN];
    uint8_t at[16] = {0};
    if (text.n == 0 || text.n >= sizeof copy) {
        return false;
    }
    memcpy(copy, text.at, text.n);
    copy[text.n] = '\0';
    bool is_v4 = inet_pton(AF_INET, copy, at) == 1;
    if (strlen(copy) != text.n || (!is_v4 && inet_pton(AF_INET6, copy, at) != 1)) {
        return false;
    }
    add_once(is_v4 ? &hosts->v4 : &hosts->v6, at);
    return true;
}

void hosts_spoil(struct hosts_family *family)
{
    family->why = DRIVER_PARSE;
    family->n = 0;
}

static uint32_t clamp(int64_t ttl_s, int64_t low_s, int64_t high_s)
{
    ttl_s = ttl_s <= 0 ? HOSTS_TTL_S : ttl_s;
    return (uint32_t)(ttl_s < low_s ? low_s : ttl_s > high_s ? high_s : ttl_s);
}

static int answer_addresses(const struct hosts_family *family, const struct answer_expect *expect,
                            struct driver_found *found)
{
    struct synth synth;
    struct answer_record record = {
        .owner = expect->question->name,
        .type = expect->question->type,
        .ttl_s = clamp(family->ttl_s, 1, HOSTS_TTL_MAX_S),
    };
    int failure = synth_begin(&synth, expect->question, 0, RCODE_NOERROR);
    if (failure < 0) {
        return failure;
    }
    for (size_t i = 0; i < family->n; i++) {
        record.rdata = bytes_of(family->at[i], record.type == TYPE_A ? 4 : 16);
        synth_record(&synth, SYNTH_ANSWER, &record);
    }
    return synth_finish(&synth, expect, found);
}

/* Why there is no address of the family, as far as the other one tells. */
static int why_absent(const struct hosts *hosts, const struct hosts_family *asked,
                      const struct hosts_family *other)
{
    bool exists = other->n > 0 || other->why == DRIVER_NODATA;
    if (asked->why == DRIVER_NXDOMAIN && exists) {
        return DRIVER_NODATA;
    }
    if (asked->why == DRIVER_UNKNOWN_EMPTY && hosts->asked_both && other->n > 0) {
        return DRIVER_NODATA;
    }
    return asked->why;
}

static int answer_family(const struct hosts *hosts, const struct answer_expect *expect,
                         struct driver_found *found)
{
    bool is_v4 = expect->question->type == TYPE_A;
    const struct hosts_family *asked = is_v4 ? &hosts->v4 : &hosts->v6;
    const struct hosts_family *other = is_v4 ? &hosts->v6 : &hosts->v4;
    if (asked->n > 0) {
        return answer_addresses(asked, expect, found);
    }
    int class = why_absent(hosts, asked, other);
    if (class == DRIVER_NOT_SERVED || class == DRIVER_PARSE) {
        found->why = class == DRIVER_PARSE ? "something else where addresses should be" : NULL;
        return class;
    }
    int64_t ttl_s = asked->ttl_s > 0 ? asked->ttl_s : other->ttl_s;
    bool was_said = asked->why == class && class != DRIVER_UNKNOWN_EMPTY;
    uint32_t bounded_s = clamp(ttl_s, class == DRIVER_UNKNOWN_EMPTY ? SYNTH_NEGATIVE_MIN_S : 1,
                               was_said ? HOSTS_TTL_MAX_S : SYNTH_NEGATIVE_MAX_S);
    uint16_t rcode = class == DRIVER_NXDOMAIN ? RCODE_NXDOMAIN : RCODE_NOERROR;
    int made = synth_absence(rcode, bounded_s, expect, found);
    if (class == DRIVER_UNKNOWN_EMPTY && made == DRIVER_OK) {
        found->why = "no address, and no reason why";
    }
    return made == DRIVER_OK ? class : made;
}

int hosts_answer(const struct hosts *hosts, const struct answer_expect *expect,
                 struct driver_found *found)
{
    struct question question = *expect->question;
    struct answer_expect of_other = *expect;
    struct driver_found other = {0};
    int class = answer_family(hosts, expect, found);
    question.type = question_other_family(question.type);
    of_other.question = &question;
    if (class < 0) {
        return class;
    }
    int its_class = answer_family(hosts, &of_other, &other);
    found->other = (struct driver_other){its_class > 0 ? its_class : 0, other.answer};
    return class;
}

bool hosts_asks_both(const struct provider_params *provider)
{
    (void)provider;
    return true;
}

/* Letters, digits and hyphens, two labels or more: an address of an ordinary host. */
static bool is_host(const struct name *name)
{
    struct cursor c = cursor_over(name_bytes(name));
    for (size_t left = 0; cursor_left(&c) > 0; left--) {
        uint8_t octet = cursor_u8(&c);
        if (left == 0) {
            left = (size_t)octet + 1;
        } else if (!(octet >= 'a' && octet <= 'z') && !(octet >= 'A' && octet <= 'Z') &&
                   !(octet >= '0' && octet <= '9') && octet != '-') {
            return false;
        }
    }
    return name_n_labels(name) >= 2;
}

enum driver_serves hosts_serves(const struct provider_params *provider,
                                const struct question *question, bool want_do, bool want_cd)
{
    (void)provider;
    if ((question->type != TYPE_A && question->type != TYPE_AAAA) || question->class != CLASS_IN ||
        !is_host(&question->name)) {
        return DRIVER_NEVER;
    }
    return want_do || want_cd ? DRIVER_RELUCTANT : DRIVER_READILY;
}

const char *hosts_name(const struct question *question, char out[HOSTS_NAME_MAX])
{
    char text[NAME_MAX_TEXT];
    struct name name = question->name;
    name_lower(&name);
    name_to_text(&name, text);
    size_t n = strlen(text);
    n -= n > 1 && text[n - 1] == '.';
    n = n < HOSTS_NAME_MAX ? n : HOSTS_NAME_MAX - 1; /* a host's name has no escapes */
    memcpy(out, text, n);
    out[n] = '\0';
    return out;
}
