/* SPDX-License-Identifier: MIT */
/* What the formats of lists share. Private to resolver/policy/list*.c. */
#ifndef RESOLVER_POLICY_LISTPARTS_H
#define RESOLVER_POLICY_LISTPARTS_H

#include "resolver/policy/listfile.h"

enum { LIST_TTL_DEFAULT_S = 300, LIST_TTL_MAX_S = 86400 };

/* Words of a line (listwords.c). All borrow the line. */
bool list_is_space(uint8_t c);
struct bytes list_trim(struct bytes text);
/* The next word, taken off `rest`; empty at the end. */
struct bytes list_take_word(struct bytes *rest);
/* Whatever the case of the letters. */
bool list_is(struct bytes word, const char *text);
/* Takes `text` off the front. */
bool list_take_prefix(struct bytes *rest, const char *text);
/* What stands before the first `end`; all when there is none. */
struct bytes list_before(struct bytes text, char end);

/* Telling (listfile.c): what is not understood, and entries. */
void list_skip(struct list_reader *reader, struct bytes what);
void list_tell(struct list_reader *reader, const struct list_entry *entry);
/* A name with a star or a dot before it, or bare: then `bare_below` says whether it is a tree. */
void list_tell_name(struct list_reader *reader, struct bytes text, enum list_action action,
                    bool bare_below);

/* One line of each format, trimmed; of a zone file as it stands, for its indentation. */
void list_take_hosts(struct list_reader *reader, struct bytes line);
void list_take_addresses(struct list_reader *reader, struct bytes line);
void list_take_domain(struct list_reader *reader, struct bytes line);
void list_take_dnsmasq(struct list_reader *reader, struct bytes line);
void list_take_adblock(struct list_reader *reader, struct bytes line);
void list_take_zone(struct list_reader *reader, struct bytes whole);

#endif
