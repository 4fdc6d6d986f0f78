/* SPDX-License-Identifier: MIT */
#include "resolver/audit/public.h"

enum { PUBLIC_TEXTS_MAX = 12 };

/* Addresses on port 53, then the hosts of the same operator's DoH. Numbered by row, from 1. */
static const struct operator_row {
    const char *addresses[PUBLIC_TEXTS_MAX];
    const char *hosts[PUBLIC_TEXTS_MAX];
} rows[] = {
    {{"8.8.8.8", "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844"},
     {"dns.google", "dns.google.com", "dns64.dns.google"}},
    {{"1.1.1.1", "1.0.0.1", "1.1.1.2", "1.0.0.2", "1.1.1.3", "1.0.0.3", "2606:4700:4700::1111",
      "2606:4700:4700::1001"},
     {"cloudflare-dns.com", "one.one.one.one", "1dot1dot1dot1.cloudflare-dns.com",
      "mozilla.cloudflare-dns.com", "chrome.cloudflare-dns.com", "security.cloudflare-dns.com",
      "family.cloudflare-dns.com"}},
    {{"9.9.9.9", "149.112.112.112", "9.9.9.10", "149.112.112.10", "9.9.9.11", "149.112.112.11",
      "2620:fe::fe", "2620:fe::9", "2620:fe::10", "2620:fe::11"},
     {"dns.quad9.net", "dns9.quad9.net", "dns10.quad9.net", "dns11.quad9.net"}},
    {{"208.67.222.222", "208.67.220.220", "208.67.222.123", "208.67.220.123", "2620:119:35::35",
      "2620:119:53::53"},
     {"doh.opendns.com", "dns.opendns.com", "doh.familyshield.opendns.com", "doh.umbrella.com",
      "dns.umbrella.com"}},
    {{"223.5.5.5", "223.6.6.6", "2400:3200::1", "2400:3200:baba::1"}, {"dns.alidns.com"}},
    {{"119.29.29.29"}, {"doh.pub", "dot.pub"}},
    {{"94.140.14.14", "94.140.15.15", "94.140.14.140", "94.140.14.141"},
     {"dns.adguard-dns.com", "unfiltered.adguard-dns.com"}},
};

enum { N_ROWS = sizeof rows / sizeof rows[0] };

static bool has_address(const struct operator_row *row, const struct address *address)
{
    struct address one;
    for (size_t i = 0; i < PUBLIC_TEXTS_MAX && row->addresses[i] != NULL; i++) {
        if (address_from_server(row->addresses[i], &one) && address_equal(&one, address)) {
            return true;
        }
    }
    return false;
}

unsigned public_operator_of_address(const struct address *address)
{
    for (unsigned i = 0; i < N_ROWS; i++) {
        if (has_address(&rows[i], address)) {
            return i + 1;
        }
    }
    return PUBLIC_OPERATOR_UNKNOWN;
}

static bool has_host(const struct operator_row *row, const char *host, size_t n)
{
    for (size_t i = 0; i < PUBLIC_TEXTS_MAX && row->hosts[i] != NULL; i++) {
        if (strlen(row->hosts[i]) == n && memcmp(row->hosts[i], host, n) == 0) {
            return true;
        }
    }
    return false;
}

/* The literal in brackets, or what stands before a port or the path. */
static size_t host_of(const char **host)
{
    if (**host == '[') {
        ++*host;
        return strcspn(*host, "]/");
    }
    return strcspn(*host, ":/");
}

unsigned public_operator_of_url(const char *url)
{
    static const char scheme[] = "https://";
    char literal[ADDRESS_TEXT_MAX];
    struct address address;
    if (strncmp(url, scheme, sizeof scheme - 1) != 0) {
        return PUBLIC_OPERATOR_UNKNOWN;
    }
    const char *host = url + sizeof scheme - 1;
    size_t n = host_of(&host);
    for (unsigned i = 0; i < N_ROWS; i++) {
        if (has_host(&rows[i], host, n)) {
            return i + 1;
        }
    }
    if (n >= sizeof literal) {
        return PUBLIC_OPERATOR_UNKNOWN;
    }
    memcpy(literal, host, n);
    literal[n] = '\0';
    return address_from_server(literal, &address) ? public_operator_of_address(&address)
                                                  : PUBLIC_OPERATOR_UNKNOWN;
}
