/* SPDX-License-Identifier: MIT */
/* How a JSON answer becomes a DNS message:
 *   1. the header: Status and flags; the question, if it is repeated, must be ours;
 *   2. each record of Answer and Authority: its fields, then its data from presentation form;
 *   3. the extended error, wherever the provider puts it;
 *   4. the message is checked like a provider's own.
 * What does not convert with certainty is left to a provider that speaks DNS messages. */
#include "resolver/presentation/rdata.h"
#include "resolver/upstream/json.h"
#include "resolver/upstream/synth.h"
#include "resolver/upstream/tree.h"

#include <errno.h>
#include <stdlib.h>

enum { RCODE_MAX = 4095, CODE_DIGITS = 5 };

static bool is_json(const struct exchange_reply *reply)
{
    static const char *const types[] = {"application/json", "application/dns-json",
                                        "application/x-javascript", "text/javascript"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (driver_is_type(reply, types[i])) {
            return true;
        }
    }
    return false;
}

/* A name, always absolute; "" is the root. */
static bool read_name(const struct jsonv *tree, struct name *ret_name)
{
    struct bytes text = tree_text(tree);
    if (text.at == NULL || text.n > JSON_NAME_MAX) {
        return false;
    }
    const char *name = text.n > 0 ? (const char *)text.at : ".";
    return name_from_text(name, ret_name) == 0;
}

static bool read_type(const struct jsonv *tree, uint16_t *ret_type)
{
    int64_t type;
    if (!tree_number(tree, 1, UINT16_MAX, &type)) {
        return false;
    }
    *ret_type = (uint16_t)type;
    return true;
}

static bool is_absent(const struct jsonv *tree)
{
    return tree == NULL || tree_is_null(tree);
}

/* An array with the question, or the question itself; what is absent of it is no fault. */
static bool is_our_question(const struct jsonv *tree, const struct question *question)
{
    struct name name;
    uint16_t type;
    const struct jsonv *asked = tree_is_array(tree) ? jsonv_element(tree, 0) : tree;
    if (is_absent(asked)) {
        return true;
    }
    const struct jsonv *as_name = jsonv_member(asked, "name"),
                       *as_type = jsonv_member(asked, "type");
    return tree_is_object(asked) &&
           (is_absent(as_name) ||
            (read_name(as_name, &name) && name_equal(&name, &question->name))) &&
           (is_absent(as_type) || (read_type(as_type, &type) && type == question->type));
}

/* ---- records ---- */

static int64_t clamped_ttl(int64_t ttl_s)
{
    return ttl_s < 0 ? 0 : ttl_s > JSON_TTL_MAX_S ? JSON_TTL_MAX_S : ttl_s;
}

/* DRIVER_OK, DRIVER_PARSE, DRIVER_NOT_SERVED, -ENOMEM. */
static int put_record(struct synth *synth, enum synth_section section, const struct jsonv *tree,
                      struct driver_found *found)
{
    struct answer_record record = {0};
    int64_t ttl_s;
    const struct jsonv *ttl = jsonv_member(tree, "TTL"), *data = jsonv_member(tree, "data");
    if (!read_name(jsonv_member(tree, "name"), &record.owner) ||
        !read_type(jsonv_member(tree, "type"), &record.type) ||
        !tree_number(ttl != NULL ? ttl : jsonv_member(tree, "ttl"), INT64_MIN, INT64_MAX, &ttl_s) ||
        !tree_is_string(data)) {
        found->why = "a record without its fields";
        return DRIVER_PARSE;
    }
    if (section == SYNTH_AUTHORITY && !rdata_has_text(record.type)) {
        return DRIVER_OK; /* proofs, which nobody asked for */
    }
    struct bytes text = tree_text(data);
    record.ttl_s = (uint32_t)clamped_ttl(ttl_s);
    size_t at = synth_open_record(synth, &record);
    int failure = text.at != NULL ? rdata_from_text(record.type, text, &synth->out) : -EINVAL;
    synth_close_record(synth, section, at);
    if (failure == -EINVAL) {
        found->why = "a record whose text is not certain to mean what it says";
        return DRIVER_NOT_SERVED;
    }
    return failure == -ENOMEM ? failure : DRIVER_OK;
}

static int put_section(struct synth *synth, enum synth_section section, const struct jsonv *tree,
                       struct driver_found *found)
{
    int class = DRIVER_OK;
    if (tree != NULL && !tree_is_array(tree)) {
        return tree_is_null(tree) ? DRIVER_OK : DRIVER_PARSE;
    }
    if (jsonv_count(tree) > JSON_RECORDS_MAX) {
        found->why = "too many records";
        return DRIVER_PARSE;
    }
    for (size_t i = 0; i < jsonv_count(tree) && class == DRIVER_OK; i++) {
        class = put_record(synth, section, jsonv_element(tree, i), found);
    }
    return class;
}

/* ---- extended errors ---- */

/* "EDE(22): …" in a comment (Cloudflare); EDE_NONE when it is none. */
static int ede_of_comment(struct bytes text)
{
    static const char begin[] = "EDE(";
    const size_t n = sizeof begin - 1;
    int code = 0;
    if (text.n < n || memcmp(text.at, begin, n) != 0) {
        return EDE_NONE;
    }
    size_t i = n;
    for (; i < text.n && i < n + CODE_DIGITS && text.at[i] >= '0' && text.at[i] <= '9'; i++) {
        code = code * 10 + (text.at[i] - '0');
    }
    bool good = i > n && i < text.n && text.at[i] == ')' && code <= UINT16_MAX;
    return good ? code : EDE_NONE;
}

static int find_ede(const struct jsonv *root)
{
    int64_t code;
    const struct jsonv *errors = jsonv_member(root, "extended_dns_errors");
    const struct jsonv *comment = jsonv_member(root, "Comment");
    for (size_t i = 0; i < jsonv_count(errors); i++) {
        const struct jsonv *at = jsonv_member(jsonv_element(errors, i), "info_code");
        if (tree_number(at, 0, UINT16_MAX, &code)) {
            return (int)code;
        }
    }
    for (size_t i = 0; i < jsonv_count(comment); i++) {
        int ede = ede_of_comment(tree_text(jsonv_element(comment, i)));
        if (ede != EDE_NONE) {
            return ede;
        }
    }
    return ede_of_comment(tree_text(comment));
}

/* ---- the whole ---- */

static int read_header(const struct jsonv *root, const struct driver_call *call,
                       uint16_t *ret_flags, uint16_t *ret_rcode, struct driver_found *found)
{
    int64_t status;
    const struct jsonv *at = jsonv_member(root, "Status");
    if (!tree_number(at != NULL ? at : jsonv_member(root, "status"), 0, RCODE_MAX, &status)) {
        found->why = "no Status in the reply";
        return DRIVER_PARSE;
    }
    if (!is_our_question(jsonv_member(root, "Question"), call->question)) {
        found->why = "answer to another question";
        return DRIVER_PARSE;
    }
    if (tree_is_true(jsonv_member(root, "TC"))) {
        found->why = "truncated answer";
        return DRIVER_NOT_SERVED;
    }
    bool ad = call->provider->trust_ad && tree_is_true(jsonv_member(root, "AD"));
    *ret_flags = ad ? FLAG_AD : 0;
    *ret_rcode = (uint16_t)status;
    return DRIVER_OK;
}

static int read_tree(const struct jsonv *root, const struct driver_call *call,
                     const struct answer_expect *expect, struct driver_found *found)
{
    struct synth synth;
    uint16_t flags, rcode;
    int class = read_header(root, call, &flags, &rcode, found);
    if (class != DRIVER_OK) {
        return class;
    }
    int failure = synth_begin(&synth, expect->question, flags, rcode);
    if (failure < 0) {
        return failure;
    }
    class = put_section(&synth, SYNTH_ANSWER, jsonv_member(root, "Answer"), found);
    if (class == DRIVER_OK) {
        class = put_section(&synth, SYNTH_AUTHORITY, jsonv_member(root, "Authority"), found);
    }
    if (class != DRIVER_OK) {
        synth_drop(&synth);
        return class;
    }
    synth.ede = find_ede(root);
    return synth_finish(&synth, expect, found);
}

int json_read(const struct driver_call *call, const struct exchange_reply *reply,
              const struct answer_expect *expect, struct driver_found *found)
{
    owned(jsonv_freep) struct jsonv *root = NULL;
    if (!is_json(reply)) {
        found->why = "media type is not JSON";
        return DRIVER_PARSE;
    }
    int failure = tree_parse(reply->body, &root);
    if (failure == -ENOMEM) {
        return failure;
    }
    if (failure < 0 || !tree_is_object(root)) {
        found->why = "no JSON object in the reply";
        return DRIVER_PARSE;
    }
    return read_tree(root, call, expect, found);
}
