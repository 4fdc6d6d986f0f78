/* SPDX-License-Identifier: MIT */
/* An upstream's message taken apart: header, question, records of the answer and authority
 * sections, and what its OPT says. Every record is checked, whichever section it is in; those of
 * the additional section are not kept. Private to answer.h's room. */
#ifndef RESOLVER_WIRE_RESPONSE_H
#define RESOLVER_WIRE_RESPONSE_H

#include "resolver/wire/answer.h"
#include "resolver/wire/rdata.h"

struct response {
    struct bytes message;
    struct names names;
    uint16_t flags;
    uint16_t rcode; /* extended */
    int16_t ede;
    bool has_opt;
    bool may_be_cut;   /* TC=1, and that is no reason to refuse */
    uint16_t question; /* its name */
    struct record *records;
    size_t n_records;
};

/* An answer_outcome, or -ENOMEM. On every outcome *ret_response is to be given to response_done. */
int response_read(struct bytes message, const struct answer_expect *expect,
                  struct response *ret_response);
void response_done(struct response *response);

#endif
