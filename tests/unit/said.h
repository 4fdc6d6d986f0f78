/* SPDX-License-Identifier: MIT */
/* Evidence for tests, from a word or two: "10.0.0.1 10.0.0.2", "NXDOMAIN", "NODATA", "SERVFAIL",
 * "REFUSED", "" for silence. */
#ifndef TESTS_UNIT_SAID_H
#define TESTS_UNIT_SAID_H

#include "resolver/audit/evidence.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>

static inline struct address address_of(const char *text)
{
    struct address address = {0};
    if (inet_pton(AF_INET, text, address.at) == 1) {
        address.n = 4;
    } else {
        ck_assert_msg(inet_pton(AF_INET6, text, address.at) == 1, "no address: %s", text);
        address.n = 16;
    }
    return address;
}

static inline bool said_word(const char *word, struct said *said)
{
    static const struct {
        const char *word;
        uint16_t rcode;
    } rcodes[] = {{"NODATA", RCODE_NOERROR},
                  {"NXDOMAIN", RCODE_NXDOMAIN},
                  {"SERVFAIL", RCODE_SERVFAIL},
                  {"REFUSED", RCODE_REFUSED}};
    for (size_t i = 0; i < sizeof rcodes / sizeof rcodes[0]; i++) {
        if (strcmp(word, rcodes[i].word) == 0) {
            said->rcode = rcodes[i].rcode;
            return true;
        }
    }
    return false;
}

static inline struct said said_of(const char *text)
{
    struct said said = {.answered = true, .flags = FLAG_QR | FLAG_RA, .ede = EDE_NONE};
    if (text[0] == '\0') {
        return (struct said){.ede = EDE_NONE};
    }
    char words[1024];
    snprintf(words, sizeof words, "%s", text);
    char *rest = words;
    for (char *word = strtok_r(rest, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        if (!said_word(word, &said) && said.n < AUDIT_ADDRESSES_MAX) {
            said.at[said.n++] = address_of(word);
        }
    }
    return said;
}

#endif
