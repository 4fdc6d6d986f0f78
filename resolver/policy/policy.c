/* SPDX-License-Identifier: MIT */
/* In order: what is no question for us by type or class; the host's own names; rules and block
 * lists; special-use names; what is not asked for outside by choice. One walk over the name's
 * suffixes finds all that is listed of it. */
#include "resolver/policy/snapshot.h"
#include "resolver/policy/special.h"

enum { SPECIAL_TTL_S = 10800 /* RFC 6303 section 3 */, ANY_TTL_S = 3789, TYPE_HINFO = 13 };
enum { META_FIRST = 128 }; /* RFC 6895 section 3.1; among them NXNAME (RFC 9824 section 3.5) */

/* What holds without a configuration. */
static const struct policy defaults;

/* A question on its way through. */
struct deciding {
    const struct policy *policy;
    const struct question *question;
    struct buf *room;
    struct policy_decision *decision;
    size_t rule_depth; /* labels of the rule's name; 0: none, or the root's */
    bool makes_aaaa;
};

/* ---- ways to end ---- */

static enum policy_outcome refuse(struct deciding *d, enum rcode rcode, enum ede ede,
                                  const char *text)
{
    d->decision->error = (struct reply_error){rcode, ede, text};
    return POLICY_ERROR;
}

static void put_record(struct deciding *d, const struct localdata_record *record)
{
    buf_put_u16(d->room, record->type);
    buf_put_u16(d->room, d->question->class);
    buf_put_u32(d->room, record->ttl_s);
    buf_put_u16(d->room, (uint16_t)record->rdata.n);
    buf_put(d->room, record->rdata.at, record->rdata.n);
}

static enum policy_outcome answer(struct deciding *d, struct reply_local local)
{
    local.records = bytes_of(d->room->at, d->room->n);
    d->decision->local = local;
    return POLICY_LOCAL;
}

static enum policy_outcome absent(struct deciding *d, enum rcode rcode, uint8_t zone_at,
                                  const char *why)
{
    return answer(d, (struct reply_local){
                         .rcode = rcode,
                         .authoritative = true,
                         .zone_at = zone_at,
                         .ttl_s = SPECIAL_TTL_S,
                         .ede = why != NULL ? EDE_BLOCKED : EDE_NONE,
                         .text = why,
                     });
}

/* ---- types and classes ---- */

/* M10; FORWARD is "go on". */
static enum policy_outcome decide_type(struct deciding *d)
{
    uint16_t type = d->question->type;
    if (type == TYPE_OPT || (type >= META_FIRST && type <= TYPE_TSIG)) {
        return refuse(d, RCODE_FORMERR, EDE_INVALID_TYPE, "a meta type is no question");
    }
    switch (type) {
    case 0:
    case TYPE_IXFR:
    case TYPE_AXFR:
    case TYPE_MAILA:
    case TYPE_MAILB:
        return refuse(d, RCODE_REFUSED, EDE_NOT_SUPPORTED, "type not served");
    }
    return POLICY_FORWARD;
}

static const char *server_text(const struct policy *p, const struct name *name)
{
    static const char version[] = "\7version\4bind", version2[] = "\7version\6server",
                      id[] = "\2id\6server", hostname[] = "\10hostname\4bind";
    const char *at = (const char *)name->at;
    if (strcmp(at, version) == 0 || strcmp(at, version2) == 0) {
        return p->version;
    }
    if (strcmp(at, id) == 0) {
        return p->id;
    }
    return strcmp(at, hostname) == 0 ? p->hostname : "";
}

/* M9: who we are, if that is to be told; no other class leaves the host. */
static enum policy_outcome decide_class(struct deciding *d)
{
    uint16_t type = d->question->type;
    const char *text =
        d->question->class == CLASS_CH ? server_text(d->policy, &d->question->name) : "";
    size_t n = strlen(text);
    if (n == 0 || (type != TYPE_TXT && type != TYPE_ANY)) {
        return refuse(d, RCODE_REFUSED, EDE_NOT_SUPPORTED, "class not served");
    }
    uint8_t rdata[256] = {(uint8_t)n};
    memcpy(rdata + 1, text, n);
    put_record(d, &(struct localdata_record){TYPE_TXT, 0, bytes_of(rdata, n + 1)});
    return answer(d, (struct reply_local){.authoritative = true, .n_records = 1, .ede = EDE_NONE});
}

/* ---- the host's own names ---- */

static struct localdata_owner owner_of(const struct deciding *d, const struct suffix_match *match,
                                       enum localdata_source source)
{
    const struct name *name = &d->question->name;
    return (struct localdata_owner){
        .name = bytes_of(name->at + match->at, (size_t)name->n - match->at),
        .wildcard = match->at > 0,
        .source = source,
    };
}

/* A hosts file speaks of addresses; what else such a name has is asked for outside. */
static bool is_about_address(uint16_t type)
{
    return type == TYPE_A || type == TYPE_AAAA || type == TYPE_HTTPS || type == TYPE_SVCB ||
           type == TYPE_ANY;
}

/* A policy zone's "CNAME *.garden." makes www.example.garden. of www.example.; where that is too
 * long the client is told as of a DNAME (RFC 6672 section 2.2). */
static enum policy_outcome become(struct deciding *d, const struct localdata_found *found)
{
    struct name *alias = &d->decision->alias;
    const struct name *asked = &d->question->name;
    struct bytes target = found->alias;
    size_t n_before = 0;
    if (localdata_is_pattern(target)) {
        target = bytes_of(target.at + 2, target.n - 2);
        n_before = asked->n - 1u;
    }
    if (n_before + target.n > NAME_MAX_OCTETS) {
        return refuse(d, RCODE_YXDOMAIN, EDE_BLOCKED, "what stands for the name is too long");
    }
    memcpy(alias->at, asked->at, n_before);
    memcpy(alias->at + n_before, target.at, target.n);
    alias->n = (uint8_t)(n_before + target.n);
    d->decision->alias_ttl_s = found->alias_ttl_s;
    return POLICY_ALIAS;
}

/* FORWARD when nothing is known of it after all. */
static enum policy_outcome decide_local(struct deciding *d, const struct suffix_match *match,
                                        enum localdata_source source, const char *why)
{
    struct localdata_owner owner = owner_of(d, match, source);
    struct localdata_found found;
    uint16_t type = d->question->type;
    if (!localdata_find(d->policy->local, &owner, type, d->room, &found)) {
        return POLICY_FORWARD;
    }
    if (found.alias.n > 0) {
        return become(d, &found);
    }
    if (found.n_records == 0 && found.source == LOCALDATA_HOSTS && !is_about_address(type)) {
        return POLICY_FORWARD;
    }
    return answer(d, (struct reply_local){
                         .rcode = found.kind == LOCALDATA_NXDOMAIN ? RCODE_NXDOMAIN : RCODE_NOERROR,
                         .authoritative = true,
                         .n_records = found.n_records,
                         .zone_at = match->at,
                         .ttl_s = d->policy->params.local_ttl_s,
                         .ede = why != NULL ? EDE_BLOCKED : EDE_NONE,
                         .text = why,
                     });
}

/* ---- block lists ---- */

static unsigned action_of(const struct suffix_match *match)
{
    return match->value >> ACTION_SHIFT;
}

static unsigned list_of(const struct suffix_match *match)
{
    return match->value & LIST_MASK;
}

/* What the first policy zone that knows the name says of it, by its longest entry: the zones' order
 * comes before how long a name is (draft-vixie-dns-rpz section 5.1). */
static const struct suffix_match *first_zone(const struct suffix_match *matches, size_t n)
{
    const struct suffix_match *first = NULL;
    for (size_t i = 0; i < n; i++) {
        const struct suffix_match *m = &matches[i];
        bool passes = m->class == CLASS_PASS && action_of(m) == PASS_SPECIFIC;
        bool blocks = m->class == CLASS_BLOCK && action_of(m) >= BLOCK_OF_ZONES;
        bool same = first != NULL && list_of(m) == list_of(first) && m->depth == first->depth;
        if ((passes || blocks) &&
            (first == NULL || list_of(m) < list_of(first) || (passes && same))) {
            first = m;
        }
    }
    return first;
}

/* The entry that blocks the name; NULL when an exception or a more specific entry lets it pass,
 * which *ret_exempt says. */
static const struct suffix_match *find_block(const struct suffix_match *matches, size_t n,
                                             bool *ret_exempt)
{
    const struct suffix_match *block = NULL, *important = NULL, *zone = first_zone(matches, n);
    bool allowed = false, excepted = false;
    for (size_t i = 0; i < n; i++) {
        const struct suffix_match *m = &matches[i];
        if (m->class == CLASS_PASS) {
            allowed = allowed || action_of(m) == PASS_ALLOW;
            excepted = excepted || action_of(m) == PASS_EXCEPT;
        } else if (m->class == CLASS_BLOCK && action_of(m) == BLOCK_IMPORTANT) {
            important = important == NULL ? m : important;
        } else if (m->class == CLASS_BLOCK && action_of(m) == BLOCK_AS_SAID) {
            block = block == NULL ? m : block;
        }
    }
    if (zone != NULL && (block == NULL || zone->depth >= block->depth)) {
        block = zone;
    }
    bool passes = excepted || (block != NULL && block->class == CLASS_PASS);
    *ret_exempt = allowed || (important == NULL && passes);
    return *ret_exempt ? NULL : important != NULL ? important : block;
}

/* 0.0.0.0 and ::, and nothing of any other type. */
static size_t put_zero(struct deciding *d)
{
    static const uint8_t zero[16];
    uint16_t type = d->question->type;
    if (type != TYPE_A && type != TYPE_AAAA) {
        return 0;
    }
    size_t n = type == TYPE_A ? 4 : sizeof zero;
    put_record(d,
               &(struct localdata_record){type, d->policy->params.block_ttl_s, bytes_of(zero, n)});
    return 1;
}

static enum policy_block answer_of(const struct policy *p, unsigned action)
{
    if (action == BLOCK_NXDOMAIN || action == BLOCK_NODATA) {
        return action == BLOCK_NXDOMAIN ? POLICY_BLOCK_NXDOMAIN : POLICY_BLOCK_NODATA;
    }
    return p->params.block;
}

static enum policy_outcome block(struct deciding *d, const struct suffix_match *match)
{
    const struct policy *p = d->policy;
    const char *why = p->list_texts[match->value & LIST_MASK];
    enum policy_block how = answer_of(p, action_of(match));
    switch (action_of(match)) {
    case BLOCK_RECORD:
        return decide_local(d, match, LOCALDATA_ZONE, why);
    case BLOCK_DROP:
        return POLICY_DROP;
    case BLOCK_TCP_ONLY:
        d->decision->is_tcp_only = true;
        return POLICY_FORWARD;
    }
    if (how == POLICY_BLOCK_REFUSED) {
        return refuse(d, RCODE_REFUSED, EDE_BLOCKED, why);
    }
    return answer(d, (struct reply_local){
                         .rcode = how == POLICY_BLOCK_NXDOMAIN ? RCODE_NXDOMAIN : RCODE_NOERROR,
                         .authoritative = true,
                         .n_records = how == POLICY_BLOCK_ZERO ? put_zero(d) : 0,
                         .zone_at = match->at,
                         .ttl_s = p->params.block_ttl_s,
                         .ede = EDE_BLOCKED,
                         .text = why,
                     });
}

/* ---- all that is listed ---- */

static void take_rule(struct deciding *d, const struct suffix_match *match)
{
    d->decision->route = match->value + 1u;
    d->decision->is_local_route = d->policy->rule_is_local[match->value];
    d->decision->is_guarded = d->decision->is_guarded && !d->decision->is_local_route;
    d->rule_depth = match->depth;
}

static enum policy_outcome decide_listed(struct deciding *d)
{
    struct suffix_match matches[SUFFIXES_MATCHES_MAX];
    size_t n = suffixes_find(d->policy->suffixes, &d->question->name, matches);
    bool has_rule = false;
    for (size_t i = 0; i < n; i++) {
        if (matches[i].class == CLASS_LOCAL) {
            enum policy_outcome outcome = decide_local(d, &matches[i], LOCALDATA_CONFIG, NULL);
            if (outcome != POLICY_FORWARD) {
                return outcome;
            }
        } else if (matches[i].class == CLASS_RULE && !has_rule) {
            take_rule(d, &matches[i]);
            has_rule = true;
        } else if (matches[i].class == CLASS_INNER) {
            d->decision->is_guarded = false;
        }
    }
    const struct suffix_match *blocking =
        n > 0 ? find_block(matches, n, &d->decision->is_exempt) : NULL;
    d->decision->is_blocked = blocking != NULL;
    return blocking != NULL ? block(d, blocking) : POLICY_FORWARD;
}

/* ---- what an answer leads through ---- */

/* A listed name in the answer to another. */
static enum policy_outcome block_target(struct deciding *d, struct suffix_match match)
{
    unsigned list = match.value & LIST_MASK;
    enum policy_outcome outcome;
    match.at = 0; /* the SOA of what is absent stands at the asked name */
    switch (action_of(&match)) {
    case BLOCK_TCP_ONLY:
        return POLICY_FORWARD;
    case BLOCK_RECORD:
    case BLOCK_DROP:
        match.value = (uint16_t)(BLOCK_AS_SAID << ACTION_SHIFT | list);
        break;
    }
    outcome = block(d, &match);
    d->decision->is_blocked = outcome != POLICY_FORWARD;
    return outcome;
}

static enum policy_outcome decide_target(struct deciding *d, const struct name *target)
{
    struct suffix_match matches[SUFFIXES_MATCHES_MAX];
    size_t n = suffixes_find(d->policy->suffixes, target, matches);
    bool exempt;
    const struct suffix_match *blocking = n > 0 ? find_block(matches, n, &exempt) : NULL;
    return blocking != NULL ? block_target(d, *blocking) : POLICY_FORWARD;
}

enum policy_outcome policy_decide_answer(const struct policy *policy,
                                         const struct question *question,
                                         const struct answer *answer, struct buf *room,
                                         struct policy_decision *ret_decision)
{
    struct deciding d = {
        .policy = policy, .question = question, .room = room, .decision = ret_decision};
    if (policy == NULL || !policy->params.block_cnames || policy->params.n_lists == 0) {
        return POLICY_FORWARD;
    }
    enum policy_outcome outcome = POLICY_FORWARD;
    struct answer_walk walk = answer_walk(answer);
    struct answer_record record;
    while (outcome == POLICY_FORWARD && walk.n_done < answer->n_answers &&
           answer_next(&walk, &record)) {
        struct cursor c = cursor_over(answer_wire(answer));
        struct name target;
        cursor_take(&c, record.rdata_at);
        if (record.type == TYPE_CNAME && name_read(&c, &target)) {
            name_lower(&target);
            outcome = decide_target(&d, &target);
        }
    }
    return outcome;
}

/* ---- special-use names ---- */

static enum policy_outcome decide_localhost(struct deciding *d, const struct special_zone *zone)
{
    static const uint8_t v4[4] = {127, 0, 0, 1};
    static const uint8_t v6[16] = {[15] = 1};
    uint16_t type = d->question->type;
    struct localdata_record record = {.type = type, .ttl_s = SPECIAL_TTL_S};
    if (type != TYPE_A && type != TYPE_AAAA) {
        return absent(d, RCODE_NOERROR, zone->at, NULL);
    }
    record.rdata = type == TYPE_A ? bytes_of(v4, sizeof v4) : bytes_of(v6, sizeof v6);
    put_record(d, &record);
    return answer(d, (struct reply_local){.authoritative = true, .n_records = 1, .ede = EDE_NONE});
}

/* RFC 8880 section 7.1: whoever makes addresses tells behind which prefix. */
static enum policy_outcome decide_ipv4only(struct deciding *d, const struct special_zone *zone)
{
    static const uint8_t v4[2][4] = {{192, 0, 0, 170}, {192, 0, 0, 171}};
    uint16_t type = d->question->type;
    uint32_t ttl_s = d->policy->params.local_ttl_s;
    if (zone->at > 0 || (type != TYPE_A && type != TYPE_AAAA)) {
        return absent(d, zone->at > 0 ? RCODE_NXDOMAIN : RCODE_NOERROR, zone->at, NULL);
    }
    for (size_t i = 0; i < 2; i++) {
        uint8_t v6[16];
        dns64_embed(&d->policy->params.dns64_prefix, v4[i], v6);
        struct bytes rdata =
            type == TYPE_A ? bytes_of(v4[i], sizeof v4[i]) : bytes_of(v6, sizeof v6);
        put_record(d, &(struct localdata_record){type, ttl_s, rdata});
    }
    return answer(d, (struct reply_local){.authoritative = true, .n_records = 2, .ede = EDE_NONE});
}

/* A rule for the zone or for a part of it is somebody who knows better. The delegation of a zone of
 * private use is above it, and is asked for there. */
static enum policy_outcome decide_special(struct deciding *d)
{
    const struct policy_params *params = &d->policy->params;
    struct special_zone zone;
    enum special special = special_find(&d->question->name, &zone);
    bool is_ours = params->dns64 == POLICY_DNS64_PREFIX;
    if (special == SPECIAL_IPV4ONLY && d->rule_depth < zone.depth && is_ours) {
        return decide_ipv4only(d, &zone);
    }
    if (special == SPECIAL_IPV4ONLY && d->rule_depth < zone.depth) {
        d->decision->route = (unsigned)params->n_rules + 1;
        d->decision->is_local_route = true;
        d->decision->is_guarded = false;
    }
    if (special == SPECIAL_NONE || special == SPECIAL_IPV4ONLY || d->rule_depth >= zone.depth ||
        (special == SPECIAL_DELEGATED && d->question->type == TYPE_DS && zone.at == 0)) {
        return POLICY_FORWARD;
    }
    if (special == SPECIAL_LOCALHOST) {
        return decide_localhost(d, &zone);
    }
    bool forwards = (special == SPECIAL_TEST && params->forward_test == POLICY_YES) ||
                    (special == SPECIAL_CANARY && params->forward_canary == POLICY_YES);
    return forwards ? POLICY_FORWARD : absent(d, RCODE_NXDOMAIN, zone.at, zone.why);
}

/* ---- by choice ---- */

/* RFC 8482 section 4.2. */
static enum policy_outcome decide_any(struct deciding *d)
{
    static const uint8_t hinfo[] = "\7RFC8482"; /* its NUL is the empty second string */
    switch (d->policy->params.any) {
    case POLICY_ANY_FORWARD:
        return POLICY_FORWARD;
    case POLICY_ANY_REFUSE:
        return refuse(d, RCODE_REFUSED, EDE_NOT_SUPPORTED, "ANY is not served: RFC 8482");
    case POLICY_ANY_HINFO:
        break;
    }
    put_record(d, &(struct localdata_record){TYPE_HINFO, ANY_TTL_S, bytes_of(hinfo, sizeof hinfo)});
    return answer(d, (struct reply_local){.n_records = 1, .ede = EDE_NONE});
}

/* A name of one label is not public: what is asked for it is meant for the own network (S4). What
 * only resolvers ask of a top-level domain is. */
static enum policy_outcome decide_single(struct deciding *d)
{
    const struct name *name = &d->question->name;
    enum policy_single how = d->policy->params.single_label;
    if (how == POLICY_SINGLE_FORWARD || d->rule_depth > 0 || name->n == 1 ||
        name->n != name->at[0] + 2u || !is_about_address(d->question->type)) {
        return POLICY_FORWARD;
    }
    return absent(d, how == POLICY_SINGLE_NXDOMAIN ? RCODE_NXDOMAIN : RCODE_NOERROR, 0,
                  "names of one label are not asked for outside");
}

/* The name of an address that was made up is that of the one inside (RFC 6147 section 5.3.1). */
static enum policy_outcome decide_made_up(struct deciding *d)
{
    const struct policy_params *params = &d->policy->params;
    if (params->dns64 != POLICY_DNS64_PREFIX || d->question->type != TYPE_PTR ||
        !dns64_reverse(&params->dns64_prefix, &d->question->name, &d->decision->alias)) {
        return POLICY_FORWARD;
    }
    d->decision->alias_ttl_s = params->local_ttl_s;
    return POLICY_ALIAS;
}

bool policy_dns64(const struct policy *policy, const struct name *name,
                  struct dns64_prefix *ret_prefix)
{
    static const char well_known[] = "\10ipv4only\4arpa";
    struct suffix_match matches[SUFFIXES_MATCHES_MAX];
    if (policy == NULL || policy->params.dns64 == POLICY_DNS64_OFF ||
        strcmp((const char *)name->at, well_known) == 0) {
        return false;
    }
    size_t n = suffixes_find(policy->suffixes, name, matches);
    for (size_t i = 0; i < n; i++) {
        if (matches[i].class == CLASS_TRUE_ONLY) {
            return false;
        }
    }
    *ret_prefix = policy->params.dns64_prefix;
    return true;
}

const struct dns64_ranges *policy_unusable(const struct policy *policy)
{
    return policy != NULL ? &policy->unusable : NULL;
}

static enum policy_outcome decide_family(struct deciding *d)
{
    enum policy_family family = d->policy->params.family;
    bool unwanted = (family == POLICY_FAMILY_IPV4 && d->question->type == TYPE_AAAA) ||
                    (family == POLICY_FAMILY_IPV6 && d->question->type == TYPE_A && !d->makes_aaaa);
    return unwanted ? absent(d, RCODE_NOERROR, 0, "this address family is switched off")
                    : POLICY_FORWARD;
}

enum hint policy_unwanted_hint(const struct policy *policy)
{
    enum policy_family family = policy != NULL ? policy->params.family : POLICY_FAMILY_BOTH;
    return family == POLICY_FAMILY_IPV4   ? HINT_IPV6
           : family == POLICY_FAMILY_IPV6 ? HINT_IPV4
                                          : HINT_NONE;
}

enum policy_outcome policy_decide(const struct policy *policy, const struct question *question,
                                  bool makes_aaaa, struct buf *room,
                                  struct policy_decision *ret_decision)
{
    struct deciding d = {
        .policy = policy != NULL ? policy : &defaults,
        .question = question,
        .room = room,
        .decision = ret_decision,
        .makes_aaaa = makes_aaaa,
    };
    ret_decision->route = 0;
    ret_decision->is_local_route = false;
    ret_decision->is_tcp_only = false;
    ret_decision->is_exempt = false;
    ret_decision->is_blocked = false;
    ret_decision->is_guarded = d.policy->params.guard == POLICY_YES;
    enum policy_outcome outcome = decide_type(&d);
    if (outcome == POLICY_FORWARD && question->class != CLASS_IN) {
        return decide_class(&d);
    }
    if (outcome == POLICY_FORWARD && d.policy->suffixes != NULL) {
        outcome = decide_listed(&d);
    }
    if (outcome == POLICY_FORWARD) {
        outcome = decide_made_up(&d);
    }
    if (outcome == POLICY_FORWARD) {
        outcome = decide_special(&d);
    }
    if (outcome == POLICY_FORWARD && question->type == TYPE_ANY) {
        outcome = decide_any(&d);
    }
    if (outcome == POLICY_FORWARD) {
        outcome = decide_single(&d);
    }
    return outcome == POLICY_FORWARD ? decide_family(&d) : outcome;
}
