/* SPDX-License-Identifier: MIT */
#include "resolver/presentation/verify.h"

#include <stdlib.h>

#include <ldns/ldns.h>

/* What the message says about the question: lists of pointers into the packet. */
struct parts {
    ldns_pkt *packet;
    ldns_rdf *owner;
    ldns_rr_list *rrset, *signatures;
};

static void parts_done(struct parts *parts)
{
    ldns_rr_list_free(parts->rrset);
    ldns_rr_list_free(parts->signatures);
    ldns_rdf_deep_free(parts->owner);
    ldns_pkt_free(parts->packet);
}

static ldns_rdf *name_to_ldns(const struct name *name)
{
    return ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, name->n, name->at);
}

static bool covers(const ldns_rr *rr, uint16_t type)
{
    ldns_rdf *covered = ldns_rr_rrsig_typecovered(rr);
    return covered != NULL && ldns_rdf2native_int16(covered) == type;
}

static bool sort_record(struct parts *parts, ldns_rr *rr, uint16_t type)
{
    if (ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN ||
        ldns_dname_compare(ldns_rr_owner(rr), parts->owner) != 0) {
        return true;
    }
    if (ldns_rr_get_type(rr) == (ldns_rr_type)type) {
        return ldns_rr_list_push_rr(parts->rrset, rr);
    }
    bool signs = ldns_rr_get_type(rr) == LDNS_RR_TYPE_RRSIG && covers(rr, type);
    return !signs || ldns_rr_list_push_rr(parts->signatures, rr);
}

/* False when it cannot be read, or is more than is looked at. */
static bool parts_read(struct bytes message, const struct name *owner, uint16_t type,
                       struct parts *ret_parts)
{
    struct parts parts = {.rrset = ldns_rr_list_new(),
                          .signatures = ldns_rr_list_new(),
                          .owner = name_to_ldns(owner)};
    bool good = parts.rrset != NULL && parts.signatures != NULL && parts.owner != NULL &&
                ldns_wire2pkt(&parts.packet, message.at, message.n) == LDNS_STATUS_OK;
    ldns_rr_list *answer = good ? ldns_pkt_answer(parts.packet) : NULL;
    size_t n = good ? ldns_rr_list_rr_count(answer) : 0;
    good = good && n <= VERIFY_RECORDS_MAX;
    for (size_t i = 0; good && i < n; i++) {
        good = sort_record(&parts, ldns_rr_list_rr(answer, i), type);
    }
    *ret_parts = parts;
    return good;
}

static bool signer_of(const ldns_rr *rrsig, struct name *ret_signer)
{
    const ldns_rdf *signer = ldns_rr_rrsig_signame(rrsig);
    if (signer == NULL || ldns_rdf_size(signer) > NAME_MAX_OCTETS || ldns_rdf_size(signer) == 0) {
        return false;
    }
    ret_signer->n = (uint8_t)ldns_rdf_size(signer);
    memcpy(ret_signer->at, ldns_rdf_data(signer), ret_signer->n);
    name_lower(ret_signer);
    return true;
}

bool verify_signer(struct bytes message, const struct question *question, struct name *ret_signer)
{
    struct parts parts;
    bool found = false;
    struct name signer;
    if (parts_read(message, &question->name, question->type, &parts)) {
        for (size_t i = 0; !found && i < ldns_rr_list_rr_count(parts.signatures); i++) {
            found = signer_of(ldns_rr_list_rr(parts.signatures, i), &signer) &&
                    name_within(&question->name, &signer);
        }
    }
    parts_done(&parts);
    if (found) {
        *ret_signer = signer;
    }
    return found;
}

/* ---- keys ---- */

static bool has_key(const ldns_rr_list *keys, const ldns_rr *key)
{
    for (size_t i = 0; i < ldns_rr_list_rr_count(keys); i++) {
        if (ldns_rr_compare(ldns_rr_list_rr(keys, i), key) == 0) {
            return true;
        }
    }
    return false;
}

/* Keeps of parts->rrset what the other answer has too. */
static void keep_common(struct parts *parts, const struct verify_wish *wish, struct bytes other)
{
    struct parts others;
    bool good = parts_read(other, wish->signer, LDNS_RR_TYPE_DNSKEY, &others);
    ldns_rr_list *common = ldns_rr_list_new();
    for (size_t i = 0; common != NULL && good && i < ldns_rr_list_rr_count(parts->rrset); i++) {
        ldns_rr *key = ldns_rr_list_rr(parts->rrset, i);
        if (has_key(others.rrset, key)) {
            ldns_rr_list_push_rr(common, key);
        }
    }
    ldns_rr_list_free(parts->rrset);
    parts->rrset = common;
    parts_done(&others);
}

static bool keys_read(const struct verify_wish *wish, struct parts *ret_keys)
{
    bool good = parts_read(wish->keys[0], wish->signer, LDNS_RR_TYPE_DNSKEY, ret_keys);
    for (size_t i = 1; good && i < wish->n_keys; i++) {
        keep_common(ret_keys, wish, wish->keys[i]);
        good = ret_keys->rrset != NULL;
    }
    return good;
}

/* ---- verifying ---- */

struct verifying {
    const struct verify_wish *wish;
    const struct parts *said;
    unsigned n_tries;
    bool refuted, expired, valid;
    struct verify_result *result;
};

static void note_fit(struct verifying *v, const ldns_rr *rrsig)
{
    v->result->original_ttl_s = ldns_rdf2native_int32(ldns_rr_rrsig_origttl(rrsig));
    v->result->inception_s = ldns_rdf2native_int32(ldns_rr_rrsig_inception(rrsig));
}

static void take_status(struct verifying *v, const ldns_rr *rrsig, ldns_status status)
{
    if (status == LDNS_STATUS_OK) {
        v->valid = true;
        note_fit(v, rrsig);
    } else if (status == LDNS_STATUS_CRYPTO_BOGUS) {
        v->refuted = true;
    }
}

/* Only a key that the signature names by tag and algorithm is asked, and the signature first
 * without its time: it may fit and be old. */
static void try_pair(struct verifying *v, ldns_rr *rrsig, ldns_rr *key)
{
    ldns_rdf *tag = ldns_rr_rrsig_keytag(rrsig), *algorithm = ldns_rr_rrsig_algorithm(rrsig);
    ldns_rdf *of_key = ldns_rr_dnskey_algorithm(key);
    if (tag == NULL || algorithm == NULL || of_key == NULL ||
        ldns_rdf2native_int16(tag) != ldns_calc_keytag(key) ||
        ldns_rdf2native_int8(algorithm) != ldns_rdf2native_int8(of_key) ||
        v->n_tries == VERIFY_TRIES_MAX) {
        return;
    }
    v->n_tries++;
    ldns_rr_list *one = ldns_rr_list_new(), *good = ldns_rr_list_new();
    if (one != NULL && good != NULL && ldns_rr_list_push_rr(one, key)) {
        ldns_status status = ldns_verify_rrsig_keylist_notime(v->said->rrset, rrsig, one, good);
        int64_t expires = (int64_t)ldns_rdf2native_int32(ldns_rr_rrsig_expiration(rrsig));
        if (status == LDNS_STATUS_OK && expires < v->wish->now_s) {
            v->expired = true;
            note_fit(v, rrsig);
        } else {
            take_status(v, rrsig, status);
        }
    }
    ldns_rr_list_free(one);
    ldns_rr_list_free(good);
}

static bool is_of_wildcard(const struct verify_wish *wish, ldns_rr *rrsig)
{
    ldns_rdf *labels = ldns_rr_rrsig_labels(rrsig);
    return labels == NULL || ldns_rdf2native_int8(labels) < name_n_labels(&wish->question->name);
}

static void try_all(struct verifying *v, const ldns_rr_list *keys)
{
    for (size_t i = 0; i < ldns_rr_list_rr_count(v->said->signatures) && !v->valid; i++) {
        ldns_rr *rrsig = ldns_rr_list_rr(v->said->signatures, i);
        struct name signer;
        if (!signer_of(rrsig, &signer) || !name_equal(&signer, v->wish->signer) ||
            is_of_wildcard(v->wish, rrsig)) {
            continue;
        }
        for (size_t k = 0; k < ldns_rr_list_rr_count(keys) && !v->valid; k++) {
            try_pair(v, rrsig, ldns_rr_list_rr(keys, k));
        }
    }
}

static enum verify_outcome outcome_of(const struct verifying *v)
{
    if (v->valid) {
        return VERIFY_VALID;
    }
    if (v->expired) {
        return VERIFY_EXPIRED;
    }
    /* Where not every pair was tried, another might have fitted. */
    bool all = v->n_tries < VERIFY_TRIES_MAX;
    return v->refuted && all ? VERIFY_INVALID : VERIFY_UNKNOWN;
}

void verify_answer(const struct verify_wish *wish, struct verify_result *ret_result)
{
    struct parts said, keys;
    *ret_result = (struct verify_result){.outcome = VERIFY_UNKNOWN};
    bool good = parts_read(wish->message, &wish->question->name, wish->question->type, &said);
    if (good && ldns_rr_list_rr_count(said.rrset) > 0) {
        if (ldns_rr_list_rr_count(said.signatures) == 0) {
            ret_result->outcome = VERIFY_ABSENT;
        } else if (wish->n_keys > 0) {
            struct verifying v = {.wish = wish, .said = &said, .result = ret_result};
            if (keys_read(wish, &keys)) {
                try_all(&v, keys.rrset);
            }
            parts_done(&keys);
            ret_result->outcome = outcome_of(&v);
        }
    }
    parts_done(&said);
}
