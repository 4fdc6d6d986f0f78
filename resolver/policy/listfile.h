/* SPDX-License-Identifier: MIT */
/* Lists of domains in the formats that people have, read line by line: each entry is told upwards,
 * what is not understood is counted and the first of it kept for a person to read.
 *
 *   hosts     0.0.0.0 name name …         that name; other addresses than sinks are not entries
 *   domains   name | .name | *.name       the name and all below it; with *. only below
 *   dnsmasq   server=/name/… address=/name/… local=/name/
 *   adblock   ||name^  @@||name^  ! …     the domain rules; no paths, cosmetics or options but
 *                                         important and all
 *   rpz       a zone file: QNAME triggers with CNAME actions, A, AAAA, CNAME and TXT records
 *   addresses /etc/hosts as it is meant: each name and its address
 *
 * Knows nothing of sets. Bounds: LISTFILE_LINE_MAX octets a line; files as large as they are. */
#ifndef RESOLVER_POLICY_LISTFILE_H
#define RESOLVER_POLICY_LISTFILE_H

#include "resolver/wire/message.h"

enum { LISTFILE_LINE_MAX = 1 << 16, LISTFILE_NOTE_MAX = 80 };

enum list_format {
    LIST_AUTO, /* told by the first line that can only be of one */
    LIST_HOSTS,
    LIST_DOMAINS,
    LIST_DNSMASQ,
    LIST_ADBLOCK,
    LIST_RPZ,
    LIST_ADDRESSES, /* never told by itself */
};

enum list_action {
    LIST_NAME,      /* named, no more */
    LIST_IMPORTANT, /* the same, and no exception of a list's holds against it */
    LIST_ALLOW,     /* the same, even before important ones */
    LIST_EXCEPT,    /* not meant, nor is what lies below, whatever else says (AdBlock) */
    LIST_PASS,      /* not meant, as the most specific entry (RPZ) */
    LIST_NXDOMAIN,  /* RPZ: CNAME . */
    LIST_NODATA,    /* RPZ: CNAME *. */
    LIST_DROP,      /* RPZ: no reply */
    LIST_TCP_ONLY,  /* RPZ: over UDP no more than a word to come over TCP */
    LIST_RECORD,    /* RPZ: `type` and `rdata` instead of what is true */
};

/* What policy zones also have triggers for, and we have not. */
enum list_trigger {
    LIST_TRIGGER_ADDRESS, /* an address of the answer */
    LIST_TRIGGER_SERVER,  /* the zone's name server, or its address: only who iterates knows */
    LIST_TRIGGER_CLIENT,  /* who asks */
    LIST_TRIGGERS,
};

struct list_entry {
    struct name name; /* lower case, without "*." */
    bool self, below; /* what of its tree is meant */
    enum list_action action;
    uint16_t type; /* of a record: A, AAAA, TXT or CNAME (the target in wire form) */
    struct bytes rdata;
    uint32_t ttl_s;
};

/* A name and its address; the line's first name is what the address is called. */
struct hosts_entry {
    struct name name;
    uint8_t address[16];
    size_t n_address; /* 4 or 16 */
    bool is_first;
};

struct list_reader {
    enum list_format format;
    /* An entry; borrowed during the call. Not 0 ends the reading. */
    int (*on_entry)(void *ctx, const struct list_entry *entry);
    int (*on_host)(void *ctx, const struct hosts_entry *host); /* with LIST_ADDRESSES */
    bool (*gives_up)(void *ctx);                               /* asked now and then; NULL: never */
    void *ctx;
    bool is_guess; /* the format was LIST_AUTO */
    size_t n_entries;
    size_t n_skipped; /* lines or names not understood */
    size_t n_lines;
    size_t first_skipped; /* its line, counted from 1 */
    char note[LISTFILE_NOTE_MAX];
    /* Of a zone file: */
    struct name origin;        /* what names are relative to */
    struct name apex;          /* the zone's own name; the root: not known */
    bool has_origin, has_apex; /* as written down, and by a SOA */
    struct name owner, target;
    bool has_owner, owner_is_tree;
    size_t n_other[LIST_TRIGGERS];
    uint32_t ttl_s;
    unsigned depth; /* of parentheses */
    int failure;    /* what on_entry said */
};

/* format, on_entry and ctx are the caller's; the rest is made ready. */
void list_begin(struct list_reader *reader);
/* Takes one line, without its end. Returns what on_entry did, 0 otherwise. */
int list_take_line(struct list_reader *reader, struct bytes line);
/* Reads a whole file. A failure of opening or reading it, or what on_entry returned. */
int list_read_file(struct list_reader *reader, const char *path);
/* The same for text in memory. */
int list_read_text(struct list_reader *reader, struct bytes text);

/* "192.0.2.1" or "2001:db8::1" in its 4 or 16 octets; 0: it is none. */
size_t list_address(struct bytes text, uint8_t out[16]);
/* A name as lists write it: letters of any case, digits, - and _, with or without the last dot.
 * False when it is none. */
bool list_name(struct bytes text, struct name *ret_name);

#endif
