/* SPDX-License-Identifier: MIT */
#include "resolver/wire/chain.h"

/* What is known of a name, in its lower-case node's marks. */
enum {
    MARK_CHAIN = 1,  /* a name of the chain */
    MARK_LINK = 2,   /* the chain goes on from here by its CNAME */
    MARK_ABOVE = 4,  /* a name of the chain, or above one */
    MARK_PARENT = 8, /* above a name of the chain: a DNAME here redirects it */
    MARK_ASKED = 16, /* a record of the asked type was kept here */
    MARK_DNAME = 32, /* a DNAME was kept here */
};

struct chain {
    struct response *response;
    const struct question *question;
    bool takes_all; /* ANY, RRSIG: whatever the owner has, and no further */
};

static uint8_t *marks_of(struct chain *chain, uint16_t node)
{
    struct names *names = &chain->response->names;
    return &names_at(names, names_folded(names, node))->marks;
}

static void mark(struct chain *chain, uint16_t node, unsigned bits)
{
    uint8_t *marks = marks_of(chain, node);
    *marks = (uint8_t)(*marks | bits);
}

static void mark_all_above(struct chain *chain, uint16_t node)
{
    struct names *names = &chain->response->names;
    while (node != NAMES_ROOT) {
        node = names_at(names, node)->parent;
        mark(chain, node, MARK_ABOVE | MARK_PARENT);
    }
}

/* Finds the one name that `node` is an alias of: NAMES_NONE when it is none. False when there are
 * two (RFC 2181 §10.1): which one is followed must not depend on the order of records. */
static bool find_alias(struct chain *chain, uint16_t node, uint16_t *ret_target)
{
    const struct response *r = chain->response;
    *ret_target = NAMES_NONE;
    for (size_t i = 0; i < r->n_records && r->records[i].in_answer; i++) {
        const struct record *record = &r->records[i];
        if (record->type != TYPE_CNAME || record->class != chain->question->class ||
            names_folded(&r->names, record->owner) != node)
            continue;
        uint16_t target = names_folded(&r->names, record->target);
        if (*ret_target != NAMES_NONE && *ret_target != target)
            return false;
        *ret_target = target;
    }
    return true;
}

/* Walks the chain from the question on and marks its names, in whatever order its records come. */
static int walk(struct chain *chain)
{
    bool follows = !chain->takes_all && chain->question->type != TYPE_CNAME;
    uint16_t node = names_folded(&chain->response->names, chain->response->question);
    for (unsigned n_links = 0;; n_links++) {
        if (n_links > CHAIN_LINKS_MAX || (*marks_of(chain, node) & MARK_CHAIN) != 0)
            return ANSWER_BAD_CHAIN;
        mark(chain, node, MARK_CHAIN | MARK_ABOVE);
        mark_all_above(chain, node);
        uint16_t target;
        if (!find_alias(chain, node, &target))
            return ANSWER_BAD_CHAIN;
        if (target == NAMES_NONE || !follows)
            return ANSWER_OK;
        mark(chain, node, MARK_LINK);
        node = target;
    }
}

/* Anything but a signature, in the answer section. */
static bool belongs(struct chain *chain, const struct record *record)
{
    unsigned marks = *marks_of(chain, record->owner);
    if ((marks & MARK_CHAIN) != 0 && (chain->takes_all || record->type == chain->question->type)) {
        mark(chain, record->owner, MARK_ASKED);
        return true;
    }
    if (record->type == TYPE_CNAME)
        return (marks & MARK_LINK) != 0;
    if (record->type == TYPE_DNAME && (marks & MARK_PARENT) != 0) {
        mark(chain, record->owner, MARK_DNAME);
        return true;
    }
    return false;
}

/* A signature follows what it covers. */
static bool signature_belongs(struct chain *chain, const struct record *record)
{
    unsigned marks = *marks_of(chain, record->owner);
    if (record->covered == TYPE_CNAME && (marks & MARK_LINK) != 0)
        return true;
    if (record->covered == TYPE_DNAME && (marks & MARK_DNAME) != 0)
        return true;
    return record->covered == chain->question->type && (marks & MARK_ASKED) != 0;
}

/* What tells of the zone above the chain, and proofs of non-existence: those are owned by a
 * neighbour, and are worth nothing but what their signatures are worth (RFC 4035 §3.1.3). */
static bool authority_belongs(struct chain *chain, const struct record *record)
{
    uint16_t type = record->type == TYPE_RRSIG ? record->covered : record->type;
    bool is_of_zone = type == TYPE_SOA || type == TYPE_NS || type == TYPE_DS;
    return type == TYPE_NSEC || type == TYPE_NSEC3 ||
           (is_of_zone && (*marks_of(chain, record->owner) & MARK_ABOVE) != 0);
}

/* DNSSEC's own, which who did not set DO is not to be given beside what was asked for. */
static bool is_to_be_stripped(const struct chain *chain, const struct record *record)
{
    bool is_dnssec =
        record->type == TYPE_RRSIG || record->type == TYPE_NSEC || record->type == TYPE_NSEC3;
    return is_dnssec && chain->question->type != TYPE_ANY && record->type != chain->question->type;
}

/* The zone's servers, beside what was asked for or its denial: who asked needs them not. */
static bool is_courtesy(const struct record *record)
{
    unsigned type = record->type == TYPE_RRSIG ? record->covered : record->type;
    return !record->in_answer && type == TYPE_NS;
}

/* Without an answer or a SOA that denies it, the servers say who is to be asked on. */
static void leave_out_courtesies(struct response *response, bool has_asked)
{
    bool is_told = has_asked;
    for (size_t i = 0; i < response->n_records; i++) {
        const struct record *record = &response->records[i];
        is_told = is_told || (record->kept && !record->in_answer && record->type == TYPE_SOA);
    }
    for (size_t i = 0; i < response->n_records; i++) {
        struct record *record = &response->records[i];
        record->kept = record->kept && !(is_told && is_courtesy(record));
    }
}

int chain_keep(struct response *response, const struct answer_expect *expect, bool *ret_has_asked)
{
    const struct question *question = expect->question;
    struct chain chain = {
        .response = response,
        .question = question,
        .takes_all = question->type == TYPE_ANY || question->type == TYPE_RRSIG,
    };
    int outcome = walk(&chain);
    bool has_asked = false;
    for (size_t i = 0; i < response->n_records && outcome == ANSWER_OK; i++) {
        struct record *record = &response->records[i];
        if (record->class != question->class ||
            (expect->strip_dnssec && is_to_be_stripped(&chain, record)))
            record->kept = false;
        else if (!record->in_answer)
            record->kept = authority_belongs(&chain, record);
        else if (record->type != TYPE_RRSIG || chain.takes_all)
            record->kept = belongs(&chain, record);
        has_asked = has_asked || (*marks_of(&chain, record->owner) & MARK_ASKED) != 0;
    }
    for (size_t i = 0; i < response->n_records && outcome == ANSWER_OK; i++) {
        struct record *record = &response->records[i];
        if (record->in_answer && record->type == TYPE_RRSIG && !chain.takes_all &&
            !expect->strip_dnssec)
            record->kept = record->class == question->class && signature_belongs(&chain, record);
    }
    if (expect->minimal)
        leave_out_courtesies(response, has_asked);
    *ret_has_asked = has_asked;
    return outcome;
}
