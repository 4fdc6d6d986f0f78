/* SPDX-License-Identifier: MIT */
/* What is answered without asking anyone, and which group of providers the rest is asked of: the
 * host's own names, block lists, special-use names, questions that must not leave the host by type
 * or class (PROMISES M9, M10, S1 to S5).
 *
 * A policy is immutable, counted by reference and shared by all workers. Knows no providers: a
 * route is a number, 0 the default one. Bounds: those of suffixes.h and localdata.h,
 * POLICY_LISTS_MAX lists, POLICY_RULES_MAX rules. */
#ifndef RESOLVER_POLICY_POLICY_H
#define RESOLVER_POLICY_POLICY_H

#include "resolver/policy/dns64.h"
#include "resolver/policy/listfile.h"
#include "resolver/wire/hints.h"
#include "resolver/wire/reply.h"

enum { POLICY_LISTS_MAX = 64, POLICY_RULES_MAX = 64, POLICY_HOSTS_MAX = 16, POLICY_ROOM = 4096 };

/* ---- as configured ---- */

enum policy_block {
    POLICY_BLOCK_NXDOMAIN,
    POLICY_BLOCK_NODATA,
    POLICY_BLOCK_ZERO,
    POLICY_BLOCK_REFUSED
};
enum policy_any { POLICY_ANY_HINFO, POLICY_ANY_FORWARD, POLICY_ANY_REFUSE };
enum policy_family { POLICY_FAMILY_BOTH, POLICY_FAMILY_IPV4, POLICY_FAMILY_IPV6 };
enum policy_single { POLICY_SINGLE_NODATA, POLICY_SINGLE_NXDOMAIN, POLICY_SINGLE_FORWARD };
enum policy_dns64 { POLICY_DNS64_OFF, POLICY_DNS64_AUTO, POLICY_DNS64_PREFIX };
enum policy_switch { POLICY_NO, POLICY_YES };

/* Strings are borrowed as long as the policy lives, unless said otherwise. */
struct policy_list {
    const char *path;
    const char *name; /* as people are told */
    enum list_format format;
};

struct policy_texts {
    const char *const *at;
    size_t n;
};

/* These domains, and those of the files, are asked of route i + 1, i being the rule's place. */
struct policy_rule {
    struct policy_texts domains, files;
    bool is_local; /* goes to a server of the own network: private addresses are right there */
};

enum policy_local_kind { POLICY_LOCAL_RECORDS, POLICY_LOCAL_NXDOMAIN, POLICY_LOCAL_NODATA };

struct policy_local {
    const char *name; /* "*.name": what lies below it */
    enum policy_local_kind kind;
    struct policy_texts values; /* addresses, or one other name */
};

struct policy_params {
    const struct policy_rule *rules;
    size_t n_rules;
    const struct policy_local *locals;
    size_t n_locals;
    uint32_t local_ttl_s;
    struct policy_texts hosts; /* files */
    const struct policy_list *lists;
    size_t n_lists;
    struct policy_texts allow; /* suffixes no list blocks */
    bool block_cnames;         /* a name whose CNAME leads to a blocked one is blocked as well */
    enum policy_block block;
    uint32_t block_ttl_s;
    enum policy_any any;
    enum policy_family family;
    enum policy_single single_label;
    enum policy_switch forward_test;   /* names below test. are asked for outside */
    enum policy_switch forward_canary; /* so is use-application-dns.net */
    enum policy_switch guard;          /* private addresses of public names are withheld */
    struct policy_texts guard_allow;   /* but not of these, nor below them */
    enum policy_dns64 dns64;
    struct dns64_prefix dns64_prefix;    /* with POLICY_DNS64_PREFIX */
    struct policy_texts dns64_exclude;   /* names that get no made addresses, nor below them, and
                                            ranges of AAAA that count as none */
    const char *version, *id, *hostname; /* of the CH class; NULL: REFUSED */
};

/* ---- loading ---- */

struct policy;

/* What is to be told to a person while a policy is loaded; `text` is borrowed during the call. */
struct policy_teller {
    void (*tell)(void *ctx, bool is_trouble, const char *text);
    bool (*gives_up)(void *ctx); /* asked now and then: true ends it; NULL: never */
    void *ctx;
    size_t n_failed; /* files that could not be read; the policy is without them */
};

/* Which of the parameters' files a policy is made of. */
enum policy_extent {
    POLICY_FILELESS, /* none */
    POLICY_ROUTES,   /* hosts files and those of rules: what decides who is to learn of a name */
    POLICY_WHOLE,    /* all: block lists as well */
};
/* gives a policy (one reference) made of the parameters and of their files.
 * `secret`: 16 unpredictable octets. -ENOMEM, -E2BIG, or -ECANCELED for who gave
 * up. */
int policy_load(const struct policy_params *params, enum policy_extent extent,
                const uint8_t secret[16], struct policy_teller *teller, struct policy **ret_policy);
struct policy *policy_ref(struct policy *policy);
/* Takes NULL; returns NULL. */
struct policy *policy_unref(struct policy *policy);

/* lends file i of those a policy is made of; NULL behind the last. */
const char *policy_file(const struct policy_params *params, size_t i);

struct policy_counts {
    size_t n_suffixes, n_local, used_bytes;
};
void policy_count(const struct policy *policy, struct policy_counts *ret_counts);

/* ---- deciding ---- */

enum policy_outcome {
    POLICY_FORWARD = 1, /* ask `route`; the one behind the last rule's are the local resolvers */
    POLICY_ERROR,       /* reply with `error` */
    POLICY_LOCAL,       /* reply with `local` */
    POLICY_ALIAS,       /* it is another name: ask for `alias`, by the same way */
    POLICY_DROP,        /* no reply, ever: a policy zone says so */
};

struct policy_decision {
    unsigned route;
    bool is_local_route; /* see struct policy_rule */
    bool is_guarded;     /* with FORWARD: the rebinding guard looks at the answer */
    bool is_tcp_only;    /* with FORWARD: over UDP its client is sent to TCP (a policy zone) */
    bool is_exempt;      /* somebody said that this name is not to be blocked */
    bool is_blocked;     /* by a list */
    struct reply_error error;
    struct reply_local local;
    struct name alias;
    uint32_t alias_ttl_s;
};

/* `policy` NULL: the defaults. `makes_aaaa`: an A is asked for to make an AAAA of it (DNS64), so no
 * client gets it. Records are put into `room`, POLICY_ROOM octets, lent to the decision; its other
 * texts live as long as the policy. What the outcome does not name is not written. */
enum policy_outcome policy_decide(const struct policy *policy, const struct question *question,
                                  bool makes_aaaa, struct buf *room,
                                  struct policy_decision *ret_decision);

/* The address hint that no answer is to have where one family is switched off. */
enum hint policy_unwanted_hint(const struct policy *policy);

/* Whether lists block what the answer's CNAMEs lead through; then as policy_decide() does it, LOCAL
 * or ERROR, else FORWARD. As lists are now: the same answer may be told again when they change.
 * What a policy zone says beside NXDOMAIN, NODATA and to let pass is not done here: such a name is
 * blocked like any other. For who is_exempt this is not to be asked. */
enum policy_outcome policy_decide_answer(const struct policy *policy,
                                         const struct question *question,
                                         const struct answer *answer, struct buf *room,
                                         struct policy_decision *ret_decision);

/* True when this name's empty AAAA answer is to be made up of A records; *ret_prefix: what they
 * stand behind, bits 0: as the network says (RFC 7050). */
bool policy_dns64(const struct policy *policy, const struct name *name,
                  struct dns64_prefix *ret_prefix);
/* lends the ranges whose AAAA count as none, as long as the policy lives; NULL with no policy. */
const struct dns64_ranges *policy_unusable(const struct policy *policy);

#endif
