/* SPDX-License-Identifier: MIT */
#include "resolver/presentation/print.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include <ldns/ldns.h>

enum { OPTION_EDE = 15 };

/* RFC 8914 §5.2, as the IANA registry names them. */
static const char *const ede_names[] = {
    "Other",
    "Unsupported DNSKEY Algorithm",
    "Unsupported DS Digest Type",
    "Stale Answer",
    "Forged Answer",
    "DNSSEC Indeterminate",
    "DNSSEC Bogus",
    "Signature Expired",
    "Signature Not Yet Valid",
    "DNSKEY Missing",
    "RRSIGs Missing",
    "No Zone Key Bit Set",
    "NSEC Missing",
    "Cached Error",
    "Not Ready",
    "Blocked",
    "Censored",
    "Filtered",
    "Prohibited",
    "Stale NXDOMAIN Answer",
    "Not Authoritative",
    "Not Supported",
    "No Reachable Authority",
    "Network Error",
    "Invalid Data",
};

static void print_flag(bool set, const char *name, FILE *to)
{
    if (set) {
        fprintf(to, " %s", name);
    }
}

static void print_header(const ldns_pkt *p, FILE *to)
{
    ldns_lookup_table *opcode = ldns_lookup_by_id(ldns_opcodes, (int)ldns_pkt_get_opcode(p));
    unsigned rcode = ldns_pkt_get_rcode(p) | (unsigned)ldns_pkt_edns_extended_rcode(p) << 4;
    ldns_lookup_table *status = ldns_lookup_by_id(ldns_rcodes, (int)rcode);
    fprintf(to, ";; ->>HEADER<<- opcode: %s, status: ", opcode != NULL ? opcode->name : "?");
    if (status != NULL) {
        fprintf(to, "%s", status->name);
    } else {
        fprintf(to, rcode == 16 ? "BADVERS" : "RCODE%u", rcode);
    }
    fprintf(to, ", id: %u\n;; flags:", ldns_pkt_id(p));
    print_flag(ldns_pkt_qr(p), "qr", to);
    print_flag(ldns_pkt_aa(p), "aa", to);
    print_flag(ldns_pkt_tc(p), "tc", to);
    print_flag(ldns_pkt_rd(p), "rd", to);
    print_flag(ldns_pkt_ra(p), "ra", to);
    print_flag(ldns_pkt_ad(p), "ad", to);
    print_flag(ldns_pkt_cd(p), "cd", to);
    fprintf(to, "; QUERY: %u, ANSWER: %u, AUTHORITY: %u, ADDITIONAL: %u\n\n", ldns_pkt_qdcount(p),
            ldns_pkt_ancount(p), ldns_pkt_nscount(p), ldns_pkt_arcount(p));
}

static void print_ede(struct bytes option, FILE *to)
{
    unsigned code = bytes_read_u16(option.at);
    fprintf(to, "; EDE: %u", code);
    if (code < sizeof ede_names / sizeof ede_names[0]) {
        fprintf(to, " (%s)", ede_names[code]);
    }
    if (option.n > 2) {
        fputs(": (", to);
        for (size_t i = 2; i < option.n; i++) {
            fputc(isprint(option.at[i]) ? option.at[i] : '.', to);
        }
        fputc(')', to);
    }
    fputc('\n', to);
}

/* The options one after another: code, length, data (RFC 6891 §6.1.2). */
static void print_options(struct bytes options, FILE *to)
{
    while (options.n >= 4) {
        unsigned code = bytes_read_u16(options.at);
        size_t n = bytes_read_u16(options.at + 2);
        if (n > options.n - 4) {
            return;
        }
        if (code == OPTION_EDE && n >= 2) {
            print_ede(bytes_of(options.at + 4, n), to);
        } else {
            fprintf(to, "; OPT=%u: %zu octets\n", code, n);
        }
        options = bytes_of(options.at + 4 + n, options.n - 4 - n);
    }
}

static void print_edns(const ldns_pkt *p, FILE *to)
{
    if (!ldns_pkt_edns(p)) {
        return;
    }
    fprintf(to, ";; OPT PSEUDOSECTION:\n; EDNS: version: %u, flags:%s; udp: %u\n",
            ldns_pkt_edns_version(p), ldns_pkt_edns_do(p) ? " do" : "", ldns_pkt_edns_udp_size(p));
    const ldns_rdf *data = ldns_pkt_edns_data(p);
    if (data != NULL) {
        print_options(bytes_of(ldns_rdf_data(data), ldns_rdf_size(data)), to);
    }
}

static void print_section(const char *title, const ldns_rr_list *list, FILE *to)
{
    if (ldns_rr_list_rr_count(list) == 0) {
        return;
    }
    fprintf(to, "\n;; %s SECTION:\n", title);
    for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
        const ldns_rr *rr = ldns_rr_list_rr(list, i);
        if (ldns_rr_is_question(rr)) {
            fputc(';', to);
        }
        char *text = ldns_rr2str(rr);
        fputs(text != NULL ? text : ";; out of memory\n", to);
        free(text);
    }
}

int print_message(struct bytes message, const struct print_about *about, FILE *to)
{
    ldns_pkt *p;
    if (ldns_wire2pkt(&p, message.at, message.n) != LDNS_STATUS_OK) {
        return -EINVAL;
    }
    print_header(p, to);
    print_edns(p, to);
    print_section("QUESTION", ldns_pkt_question(p), to);
    print_section("ANSWER", ldns_pkt_answer(p), to);
    print_section("AUTHORITY", ldns_pkt_authority(p), to);
    print_section("ADDITIONAL", ldns_pkt_additional(p), to);
    fprintf(to, "\n;; Query time: %u msec\n;; SERVER: %s\n;; MSG SIZE  rcvd: %zu\n", about->took_ms,
            about->server, message.n);
    ldns_pkt_free(p);
    return 0;
}
