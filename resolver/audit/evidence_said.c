/* SPDX-License-Identifier: MIT */
#include "resolver/audit/evidence_parts.h"

#include "resolver/wire/text.h"

static const char *const signatures[] = {"unknown", "absent", "valid", "invalid", "expired"};
static const char *const outcomes[] = {"untried", "ok",     "wrong_name", "untrusted",
                                       "expired", "failed", "local_root"};
static const char *const scopes[] = {"none", "noisy", "learned", "product",
                                     "pool", "isp",   "nation"};
static const char *const flag_words[] = {"aa", "ra", "ad", "tc"};
static const uint16_t flag_bits[] = {FLAG_AA, FLAG_RA, FLAG_AD, FLAG_TC};

/* "NXDOMAIN" or 3. Absent: NOERROR. */
static void rcode(struct members *f, uint16_t *value)
{
    char word[TEXT_MNEMONIC_MAX];
    if (!members_reading(f)) {
        jsonv_put_string(f->to, "rcode", text_of_rcode(*value, word));
        return;
    }
    const struct jsonv *got = jsonv_member(f->from, "rcode");
    const char *text = got != NULL ? jsonv_string(got) : NULL;
    if (text == NULL) {
        uint32_t number = *value;
        members_u32(f, "rcode", &number, 4095);
        *value = (uint16_t)number;
        return;
    }
    for (uint16_t i = 0; i < 4096; i++) {
        if (strcmp(text, text_of_rcode(i, word)) == 0) {
            *value = i;
            return;
        }
    }
    members_fail(f, "rcode", "a response code is due here, such as NOERROR or 3");
}

static void flags(struct members *f, struct said *said)
{
    unsigned set = 0;
    for (unsigned i = 0; i < COUNT(flag_bits); i++) {
        set |= (said->flags & flag_bits[i]) != 0 ? 1U << i : 0;
    }
    members_words(f, "flags", &set, flag_words, COUNT(flag_words));
    said->flags = (uint16_t)(said->flags & FLAG_QR);
    for (unsigned i = 0; i < COUNT(flag_bits); i++) {
        said->flags |= (set & 1U << i) != 0 ? flag_bits[i] : 0;
    }
    said->truncated = (said->flags & FLAG_TC) != 0;
}

static void rrsig(struct members *f, struct said *said)
{
    bool here = said->signature != SIGNATURE_UNKNOWN || said->original_ttl_s != 0 ||
                said->inception_s != 0; /* the judge looks at each for itself */
    if (members_enter(f, "rrsig", here)) {
        WORD(f, "state", said->signature, signatures);
        members_u32(f, "ttl_s", &said->original_ttl_s, UINT32_MAX);
        members_u32(f, "inception", &said->inception_s, UINT32_MAX);
        members_leave(f);
    }
}

static void number_16(struct members *f, const char *key, int16_t *value)
{
    uint32_t number = *value == EDE_NONE ? 0 : (uint32_t)*value;
    bool has = members_has(f, key);
    if (!members_reading(f)) {
        if (*value != EDE_NONE) {
            jsonv_put_integer(f->to, key, *value);
        }
        return;
    }
    members_u32(f, key, &number, UINT16_MAX);
    /* A code of private use means here what it does in an answer: "other". */
    *value = !has ? *value : number <= INT16_MAX ? (int16_t)number : EDE_OTHER;
}

static void said_members(struct members *f, struct said *said)
{
    rcode(f, &said->rcode);
    members_addresses(f, "addresses", said->at, &said->n, AUDIT_ADDRESSES_MAX);
    flags(f, said);
    number_16(f, "ede", &said->ede);
    members_u32(f, "ttl_s", &said->ttl_s, UINT32_MAX);
    uint64_t rtt_us = said->rtt_us;
    members_time(f, "rtt_ms", &rtt_us, MILLISECOND_US);
    said->rtt_us = rtt_us < UINT32_MAX ? (uint32_t)rtt_us : UINT32_MAX;
    uint32_t ip_ttl = said->ip_ttl;
    members_u32(f, "ip_ttl", &ip_ttl, UINT8_MAX);
    said->ip_ttl = (uint8_t)ip_ttl;
    members_bool(f, "case_lost", &said->case_lost);
    members_bool(f, "lacks_soa", &said->lacks_soa);
    members_bool(f, "filters", &said->filters);
    members_name(f, "cname", &said->cname);
    members_numbers(f, "asns", said->asns, &said->n_asns, AUDIT_ASNS_MAX);
    WORD(f, "fingerprint", said->fingerprint, scopes);
    struct members_each tls = {.at = said->at, .value = said->tls, .n = said->n};
    members_words_of(f, "tls", &tls, outcomes, COUNT(outcomes));
    rrsig(f, said);
    if (members_has(f, "serial") || (!members_reading(f) && said->has_serial)) {
        said->has_serial = true;
        members_u32(f, "serial", &said->serial, UINT32_MAX);
    }
}

void evidence_said_object(struct members *f, struct said *said)
{
    if (members_reading(f)) {
        said->answered = true;
        said->flags = FLAG_QR | FLAG_RA;
        members_bool(f, "answered", &said->answered);
        said->flags = said->answered ? said->flags : 0;
    } else if (!said->answered) {
        jsonv_put_bool(f->to, "answered", false);
    }
    if (said->answered) {
        said_members(f, said);
    }
}

void evidence_said(struct members *f, const char *key, struct said *said)
{
    if (members_reading(f)) {
        *said = (struct said){.ede = EDE_NONE};
    }
    if (members_enter(f, key, said->answered)) {
        evidence_said_object(f, said);
        members_leave(f);
    }
}

void evidence_said_list(struct members *f, const char *key, struct said *at, size_t *n)
{
    if (!members_enter_list(f, key, n, AUDIT_CONTROLS_MAX)) {
        return;
    }
    for (size_t i = 0; i < *n; i++) {
        at[i].ede = members_reading(f) ? EDE_NONE : at[i].ede;
        members_enter_item(f, i);
        evidence_said_object(f, &at[i]);
        members_leave(f);
    }
    members_leave(f);
}
