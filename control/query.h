/* SPDX-License-Identifier: MIT */
/* Asks one question through the Unix stream socket of httpdnsd (two-octet length framing, RFC 1035
 * §4.2.2). Blocking; for the command line. */
#ifndef CONTROL_QUERY_H
#define CONTROL_QUERY_H

#include "resolver/wire/message.h"

struct control_query {
    const char *socket;
    struct question question;
    bool want_do, want_cd;
    unsigned timeout_ms;
};

enum { CONTROL_REASON_MAX = 256 };

struct control_reply {
    uint8_t at[MESSAGE_MAX];
    size_t n;
    unsigned took_ms;
};

/* 0, or a negative errno with one line in `reason` that says what is wrong and how to mend it. */
int control_ask(const struct control_query *query, struct control_reply *ret_reply,
                char reason[CONTROL_REASON_MAX]);

#endif
