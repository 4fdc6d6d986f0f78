/* SPDX-License-Identifier: MIT */
/* Mnemonics and addresses as people write them: types, classes, rcodes (IANA DNS parameters). */
#ifndef RESOLVER_WIRE_TEXT_H
#define RESOLVER_WIRE_TEXT_H

#include "resolver/wire/message.h"

enum { TEXT_MNEMONIC_MAX = 16 };

/* "A", "HTTPS", "TYPE666" (RFC 3597 §5), case aside. -EINVAL when it is none. */
int text_to_type(const char *text, uint16_t *ret_type);
/* The mnemonic, or TYPEn / CLASSn / RCODEn. Return `out`. */
const char *text_of_type(uint16_t type, char out[TEXT_MNEMONIC_MAX]);
const char *text_of_class(uint16_t class, char out[TEXT_MNEMONIC_MAX]);
const char *text_of_rcode(uint16_t rcode, char out[TEXT_MNEMONIC_MAX]);

/* Octets of the character that `at` begins with; 0 when it is no UTF-8, or a control character,
 * which a terminal might obey. */
size_t text_character(const char *at);
/* As much of `from` as fits `size` with its NUL, as text that may be sent (RFC 8914 §2) and shown:
 * UTF-8 to the last character. What is none, or would command a terminal, becomes '?'. */
void text_clean(const char *from, char *out, size_t size);

#endif
