/* SPDX-License-Identifier: MIT */
/* The formats with a name or several a line: hosts files, plain domains, dnsmasq's. */
#include "resolver/policy/listparts.h"

/* What every hosts file says about the host itself. */
static bool is_own_name(struct bytes name)
{
    static const char *const own[] = {"localhost", "localhost.localdomain", "local",
                                      "broadcasthost", "0.0.0.0"};
    struct bytes rest = name;
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (list_is(name, own[i])) {
            return true;
        }
    }
    return list_take_prefix(&rest, "ip6-");
}

static bool is_sink(const uint8_t *address, size_t n)
{
    static const uint8_t loopback[16] = {[15] = 1}, any[16];
    if (n == 4) {
        return address[0] == 0 || address[0] == 127;
    }
    return memcmp(address, any, 16) == 0 || memcmp(address, loopback, 16) == 0;
}

void list_take_hosts(struct list_reader *r, struct bytes line)
{
    uint8_t address[16];
    struct bytes rest = list_before(line, '#');
    struct bytes word = list_take_word(&rest);
    size_t n = list_address(word, address);
    if (n == 0 || !is_sink(address, n)) {
        list_skip(r, line);
        return;
    }
    for (word = list_take_word(&rest); word.n > 0; word = list_take_word(&rest)) {
        if (!is_own_name(word)) {
            list_tell_name(r, word, LIST_NAME, false);
        }
    }
}

void list_take_addresses(struct list_reader *r, struct bytes line)
{
    struct bytes rest = list_before(line, '#');
    struct bytes word = list_take_word(&rest);
    struct hosts_entry host = {.is_first = true};
    /* A scope, as in fe80::1%eth0, says nothing to anyone else. */
    host.n_address = list_address(list_before(word, '%'), host.address);
    if (host.n_address == 0) {
        list_skip(r, line);
        return;
    }
    for (word = list_take_word(&rest); word.n > 0 && r->failure == 0;
         word = list_take_word(&rest)) {
        if (!list_name(word, &host.name)) {
            list_skip(r, word);
            continue;
        }
        r->n_entries++;
        r->failure = r->on_host(r->ctx, &host);
        host.is_first = false;
    }
}

void list_take_domain(struct list_reader *r, struct bytes line)
{
    struct bytes rest = list_before(line, '#');
    struct bytes word = list_take_word(&rest);
    uint8_t address[16];
    bool is_more = list_trim(rest).n > 0;
    if (is_more && list_address(word, address) > 0) {
        list_take_hosts(r, line); /* lists put together of others have both */
    } else if (is_more) {
        list_skip(r, line);
    } else if (word.n > 0) {
        list_tell_name(r, word, LIST_NAME, true);
    }
}

/* "server=/name/#": such names are asked for as all others are, whatever is said of those above. */
static bool is_ordinary(struct bytes line)
{
    return list_take_prefix(&line, "server=/") && line.n > 1 && line.at[line.n - 1] == '#' &&
           line.at[line.n - 2] == '/';
}

void list_take_dnsmasq(struct list_reader *r, struct bytes line)
{
    struct bytes rest = line;
    if (!list_take_prefix(&rest, "server=/") && !list_take_prefix(&rest, "address=/") &&
        !list_take_prefix(&rest, "local=/") && !list_take_prefix(&rest, "ipset=/") &&
        !list_take_prefix(&rest, "nftset=/")) {
        list_skip(r, line);
        return;
    }
    enum list_action action = is_ordinary(line) ? LIST_EXCEPT : LIST_NAME;
    struct bytes name = list_before(rest, '/');
    while (name.n < rest.n) {
        list_tell_name(r, name, action, true);
        rest = bytes_of(rest.at + name.n + 1, rest.n - name.n - 1);
        name = list_before(rest, '/');
    }
}
