/* SPDX-License-Identifier: MIT */
/* Evidence as JSON, one line a case: doc/evidence.md and doc/evidence.schema.json describe it. Read
 * and written by one description of its fields, so that what is written is read back as it was.
 *
 * Reading is strict in types and ranges, and lenient in what it does not know: unknown members are
 * passed over. What is absent was not looked at. Bound: EVIDENCE_LINE_MAX octets a line. */
#ifndef RESOLVER_AUDIT_EVIDENCE_JSON_H
#define RESOLVER_AUDIT_EVIDENCE_JSON_H

#include "resolver/audit/judge.h"

enum {
    EVIDENCE_VERSION = 1,
    EVIDENCE_LINE_MAX = 256 * 1024,
    EVIDENCE_ID_MAX = 128,
    EVIDENCE_WHY_MAX = 320,
};

enum evidence_kind {
    EVIDENCE_NAME,        /* what was said for one name */
    EVIDENCE_NONEXISTENT, /* what was said for names that cannot exist */
    EVIDENCE_PATH,        /* where port 53 leads */
};

struct evidence {
    enum evidence_kind kind;
    char id[EVIDENCE_ID_MAX]; /* the writer's word for the case; "": none */
    union {
        struct judge_case name;
        struct judge_probe nonexistent;
        struct judge_path path;
    };
};

/* Reads one line. -EINVAL with one line in `why` that names the field, or -ENOMEM. */
int evidence_read(struct bytes line, struct evidence *ret_evidence, char why[EVIDENCE_WHY_MAX]);

/* gives one line without its end, to be freed with free(); NULL without memory. */
char *evidence_write(const struct evidence *evidence);

struct judgement evidence_judge(const struct evidence *evidence);

/* gives the verdict of one line as JSON, to be freed with free(); NULL without memory. */
char *evidence_write_judgement(const struct judgement *judgement, uint64_t line, const char *id);

#endif
