/* SPDX-License-Identifier: MIT */
/* DNS messages of audit_world.c. */
#ifndef TESTS_UNIT_AUDIT_MESSAGE_H
#define TESTS_UNIT_AUDIT_MESSAGE_H

#include "resolver/audit/evidence.h"
#include "tests/unit/fake_plain.h"

enum { AUDIT_MESSAGE_REFRESH_S = 3600 };

/* Writes a response that says what `said` holds; returns its length. */
size_t audit_message(const struct question *question, const struct said *said,
                     uint8_t out[FAKE_PLAIN_REPLY_MAX]);
/* The same with one TXT record. */
size_t audit_message_text(const struct question *question, const char *text,
                          uint8_t out[FAKE_PLAIN_REPLY_MAX]);
/* Says that there is no such data, in a zone: "zone primary serial"; NULL: without its SOA. */
size_t audit_message_zone(const struct question *question, const char *words,
                          uint8_t out[FAKE_PLAIN_REPLY_MAX]);

#endif
