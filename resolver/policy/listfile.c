/* SPDX-License-Identifier: MIT */
#include "resolver/policy/listfile.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

enum { CHUNK = 1 << 16, TTL_DEFAULT_S = 300, TTL_MAX_S = 86400 };

/* ---- words ---- */

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct bytes trim(struct bytes b)
{
    while (b.n > 0 && is_space(b.at[0])) {
        b = bytes_of(b.at + 1, b.n - 1);
    }
    while (b.n > 0 && is_space(b.at[b.n - 1])) {
        b.n--;
    }
    return b;
}

/* The next word, taken off `rest`; empty at the end. */
static struct bytes take_word(struct bytes *rest)
{
    *rest = trim(*rest);
    size_t n = 0;
    while (n < rest->n && !is_space(rest->at[n])) {
        n++;
    }
    struct bytes word = bytes_of(rest->at, n);
    *rest = bytes_of(rest->at + n, rest->n - n);
    return word;
}

static bool is(struct bytes word, const char *text)
{
    size_t n = strlen(text);
    return word.n == n && strncasecmp((const char *)word.at, text, n) == 0;
}

/* Takes `text` off the front. */
static bool take_prefix(struct bytes *b, const char *text)
{
    size_t n = strlen(text);
    if (b->n < n || strncasecmp((const char *)b->at, text, n) != 0) {
        return false;
    }
    *b = bytes_of(b->at + n, b->n - n);
    return true;
}

static struct bytes before(struct bytes b, char end)
{
    const uint8_t *at = b.n > 0 ? memchr(b.at, end, b.n) : NULL;
    return at != NULL ? bytes_of(b.at, (size_t)(at - b.at)) : b;
}

size_t list_address(struct bytes text, uint8_t out[16])
{
    char copy[INET6_ADDRSTRLEN];
    if (text.n == 0 || text.n >= sizeof copy) {
        return 0;
    }
    memcpy(copy, text.at, text.n);
    copy[text.n] = '\0';
    if (inet_pton(AF_INET, copy, out) == 1) {
        return 4;
    }
    return inet_pton(AF_INET6, copy, out) == 1 ? 16 : 0;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

static bool is_name_octet(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool list_name(struct bytes text, struct name *ret_name)
{
    size_t n = 1, label_at = 0;
    if (text.n > 0 && text.at[text.n - 1] == '.') {
        text.n--;
    }
    if (text.n == 0 || text.n > NAME_MAX_OCTETS - 2) {
        return false;
    }
    for (size_t i = 0; i <= text.n; i++) {
        uint8_t c = i < text.n ? lower(text.at[i]) : '.';
        if (c != '.') {
            if (!is_name_octet(c)) {
                return false;
            }
            ret_name->at[n++] = c;
            continue;
        }
        size_t label = n - label_at - 1;
        if (label == 0 || label > 63) {
            return false;
        }
        ret_name->at[label_at] = (uint8_t)label;
        label_at = n++;
    }
    ret_name->at[label_at] = 0;
    ret_name->n = (uint8_t)n;
    return true;
}

/* ---- telling ---- */

static void skip(struct list_reader *r, struct bytes what)
{
    if (r->n_skipped++ > 0) {
        return;
    }
    size_t n = what.n < sizeof r->note - 1 ? what.n : sizeof r->note - 1;
    for (size_t i = 0; i < n; i++) {
        r->note[i] = what.at[i] >= ' ' && what.at[i] < 0x7f ? (char)what.at[i] : '?';
    }
    r->note[n] = '\0';
    r->first_skipped = r->n_lines;
}

static void tell(struct list_reader *r, const struct list_entry *entry)
{
    r->n_entries++;
    if (r->failure == 0) {
        r->failure = r->on_entry(r->ctx, entry);
    }
}

/* A name with a star or a dot before it, or bare: then `bare_below` says whether it is a tree. */
static void tell_name(struct list_reader *r, struct bytes text, enum list_action action,
                      bool bare_below)
{
    struct list_entry entry = {.action = action, .self = true, .below = bare_below};
    struct bytes bare = text;
    if (take_prefix(&bare, "*.")) {
        entry.self = false;
        entry.below = true;
    } else if (take_prefix(&bare, ".")) {
        entry.below = true;
    }
    if (list_name(bare, &entry.name)) {
        tell(r, &entry);
    } else {
        skip(r, text);
    }
}

/* ---- the formats ---- */

/* What every hosts file says about the host itself. */
static bool is_own_name(struct bytes name)
{
    static const char *const own[] = {"localhost", "localhost.localdomain", "local",
                                      "broadcasthost", "0.0.0.0"};
    struct bytes rest = name;
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (is(name, own[i])) {
            return true;
        }
    }
    return take_prefix(&rest, "ip6-");
}

static bool is_sink(const uint8_t *address, size_t n)
{
    static const uint8_t loopback[16] = {[15] = 1}, any[16];
    if (n == 4) {
        return address[0] == 0 || address[0] == 127;
    }
    return memcmp(address, any, 16) == 0 || memcmp(address, loopback, 16) == 0;
}

static void take_hosts(struct list_reader *r, struct bytes line)
{
    uint8_t address[16];
    struct bytes rest = before(line, '#');
    struct bytes word = take_word(&rest);
    size_t n = list_address(word, address);
    if (n == 0 || !is_sink(address, n)) {
        skip(r, line);
        return;
    }
    for (word = take_word(&rest); word.n > 0; word = take_word(&rest)) {
        if (!is_own_name(word)) {
            tell_name(r, word, LIST_NAME, false);
        }
    }
}

static void take_addresses(struct list_reader *r, struct bytes line)
{
    struct bytes rest = before(line, '#');
    struct bytes word = take_word(&rest);
    struct hosts_entry host = {.is_first = true};
    /* A scope, as in fe80::1%eth0, says nothing to anyone else. */
    host.n_address = list_address(before(word, '%'), host.address);
    if (host.n_address == 0) {
        skip(r, line);
        return;
    }
    for (word = take_word(&rest); word.n > 0 && r->failure == 0; word = take_word(&rest)) {
        if (!list_name(word, &host.name)) {
            skip(r, word);
            continue;
        }
        r->n_entries++;
        r->failure = r->on_host(r->ctx, &host);
        host.is_first = false;
    }
}

static void take_domain(struct list_reader *r, struct bytes line)
{
    struct bytes rest = before(line, '#');
    struct bytes word = take_word(&rest);
    if (trim(rest).n > 0) {
        skip(r, line);
    } else if (word.n > 0) {
        tell_name(r, word, LIST_NAME, true);
    }
}

static void take_dnsmasq(struct list_reader *r, struct bytes line)
{
    struct bytes rest = line;
    if (!take_prefix(&rest, "server=/") && !take_prefix(&rest, "address=/") &&
        !take_prefix(&rest, "local=/") && !take_prefix(&rest, "ipset=/") &&
        !take_prefix(&rest, "nftset=/")) {
        skip(r, line);
        return;
    }
    struct bytes name = before(rest, '/');
    while (name.n < rest.n) {
        tell_name(r, name, LIST_NAME, true);
        rest = bytes_of(rest.at + name.n + 1, rest.n - name.n - 1);
        name = before(rest, '/');
    }
}

/* The options behind a rule's '$': False when one of them is more than a resolver can know. */
static bool read_options(struct bytes options, enum list_action *action)
{
    while (options.n > 0) {
        struct bytes option = before(options, ',');
        if (is(option, "important") && *action == LIST_NAME) {
            *action = LIST_IMPORTANT;
        } else if (!is(option, "all") && !is(option, "important")) {
            return false;
        }
        size_t n = option.n < options.n ? option.n + 1 : option.n;
        options = bytes_of(options.at + n, options.n - n);
    }
    return true;
}

static void take_adblock(struct list_reader *r, struct bytes line)
{
    uint8_t address[16];
    struct bytes rest = line, first = before(line, ' ');
    if (line.at[0] == '!' || line.at[0] == '[') {
        return;
    }
    if (first.n < line.n && list_address(first, address) > 0) {
        take_hosts(r, line);
        return;
    }
    enum list_action action = take_prefix(&rest, "@@") ? LIST_EXCEPT : LIST_NAME;
    bool tree = take_prefix(&rest, "||");
    struct bytes name = before(rest, '$');
    struct bytes options = bytes_of(rest.at + name.n, rest.n - name.n);
    if (options.n > 0 && !read_options(bytes_of(options.at + 1, options.n - 1), &action)) {
        skip(r, line);
        return;
    }
    if (name.n > 0 && name.at[name.n - 1] == '|') {
        name.n--;
    }
    if (name.n > 0 && name.at[name.n - 1] == '^') {
        name.n--;
    }
    tell_name(r, name, action, tree);
}

/* ---- RPZ ---- */

/* A zone file's name: relative to the origin unless it ends in a dot; "@" is the origin. */
static bool zone_name(const struct list_reader *r, struct bytes word, struct name *ret_name)
{
    if (is(word, "@")) {
        *ret_name = r->origin;
        return true;
    }
    if (is(word, ".")) {
        *ret_name = (struct name){.n = 1};
        return true;
    }
    if (!list_name(word, ret_name)) {
        return false;
    }
    size_t n = ret_name->n - 1u;
    if (word.at[word.n - 1] == '.' || n + r->origin.n > NAME_MAX_OCTETS) {
        return word.at[word.n - 1] == '.';
    }
    memcpy(ret_name->at + n, r->origin.at, r->origin.n);
    ret_name->n = (uint8_t)(n + r->origin.n);
    return true;
}

/* What the trigger is about: the owner without the policy zone's name behind it. */
static bool trigger_of(const struct list_reader *r, const struct name *owner, struct name *ret_name)
{
    *ret_name = *owner;
    if (r->origin.n <= 1 || !name_within(owner, &r->origin)) {
        return owner->n > 1;
    }
    ret_name->n = (uint8_t)(owner->n - r->origin.n + 1);
    ret_name->at[ret_name->n - 1] = 0;
    return ret_name->n > 1;
}

static bool read_ttl(struct bytes word, uint32_t *ret_ttl_s)
{
    uint32_t ttl_s = 0;
    for (size_t i = 0; i < word.n; i++) {
        if (word.at[i] < '0' || word.at[i] > '9' || ttl_s > UINT32_MAX / 10 - 1) {
            return false;
        }
        ttl_s = 10 * ttl_s + (uint32_t)(word.at[i] - '0');
    }
    *ret_ttl_s = ttl_s < TTL_MAX_S ? ttl_s : TTL_MAX_S;
    return word.n > 0;
}

/* What CNAME means there: a policy action by its target, or another name in place of this one. */
static bool read_cname(const struct list_reader *r, struct bytes word, struct list_entry *entry,
                       struct name *target)
{
    if (is(word, ".") || is(word, "*.")) {
        entry->action = word.n == 1 ? LIST_NXDOMAIN : LIST_NODATA;
        return true;
    }
    if (is(word, "rpz-passthru.") || is(word, "rpz-passthru")) {
        entry->action = LIST_PASS;
        return true;
    }
    struct bytes rest = word;
    if (take_prefix(&rest, "rpz-") || !zone_name(r, word, target)) {
        return false; /* rpz-drop., rpz-tcp-only. */
    }
    entry->action = LIST_RECORD;
    entry->type = TYPE_CNAME;
    entry->rdata = name_bytes(target);
    return true;
}

/* The owner's name of a line that has one. "rpz-ip" and its like are triggers of other kinds. */
static bool read_owner(struct list_reader *r, struct bytes word, struct list_entry *entry)
{
    struct bytes bare = word;
    entry->self = !take_prefix(&bare, "*.");
    entry->below = !entry->self;
    r->has_owner = zone_name(r, bare, &r->owner);
    return r->has_owner;
}

static bool is_other_trigger(const struct name *name)
{
    size_t last = 0;
    for (size_t at = 0; name->at[at] != 0; at += 1u + name->at[at]) {
        last = at;
    }
    return name->at[last] > 4 && memcmp(name->at + last + 1, "rpz-", 4) == 0;
}

static void count_parentheses(struct list_reader *r, struct bytes line)
{
    for (size_t i = 0; i < line.n; i++) {
        r->depth += line.at[i] == '(';
        r->depth -= line.at[i] == ')' && r->depth > 0;
    }
}

static void take_directive(struct list_reader *r, struct bytes line)
{
    struct bytes rest = line;
    struct bytes key = take_word(&rest), value = take_word(&rest);
    if (is(key, "$TTL") && read_ttl(value, &r->ttl_s)) {
        return;
    }
    struct name origin; /* may be relative to the one before */
    if (!is(key, "$ORIGIN") || !zone_name(r, value, &origin)) {
        skip(r, line);
        return;
    }
    r->origin = origin;
}

/* The type and data of a record, its owner known. */
static void take_record(struct list_reader *r, struct bytes line, struct bytes rest,
                        struct list_entry *entry)
{
    struct name target;
    uint8_t address[16];
    struct bytes type = take_word(&rest);
    while (is(type, "IN") || read_ttl(type, &entry->ttl_s)) {
        type = take_word(&rest);
    }
    struct bytes value = take_word(&rest);
    size_t n = list_address(value, address);
    bool good = false;
    if (is(type, "SOA")) {
        r->origin = r->origin.n <= 1 ? r->owner : r->origin;
        count_parentheses(r, line);
        return;
    }
    if (is(type, "NS")) {
        return;
    }
    if (is(type, "CNAME")) {
        good = read_cname(r, value, entry, &target);
    } else if ((is(type, "A") && n == 4) || (is(type, "AAAA") && n == 16)) {
        good = true;
        entry->action = LIST_RECORD;
        entry->type = n == 4 ? TYPE_A : TYPE_AAAA;
        entry->rdata = bytes_of(address, n);
    }
    if (good && trigger_of(r, &r->owner, &entry->name) && !is_other_trigger(&entry->name)) {
        tell(r, entry);
    } else {
        skip(r, line);
    }
}

static void take_rpz(struct list_reader *r, struct bytes whole, bool indented)
{
    struct bytes line = trim(before(whole, ';'));
    struct bytes rest = line;
    struct list_entry entry = {.ttl_s = r->ttl_s, .self = true};
    if (r->depth > 0) {
        count_parentheses(r, line);
        return;
    }
    if (line.n == 0) {
        return;
    }
    if (line.at[0] == '$') {
        take_directive(r, line);
        return;
    }
    if (!indented && !read_owner(r, take_word(&rest), &entry)) {
        skip(r, line);
        return;
    }
    if (indented && !r->has_owner) {
        skip(r, line);
        return;
    }
    take_record(r, line, rest, &entry);
}

/* ---- lines ---- */

static bool holds_word(struct bytes line, const char *text)
{
    for (struct bytes word = take_word(&line); word.n > 0; word = take_word(&line)) {
        if (is(word, text)) {
            return true;
        }
    }
    return false;
}

static enum list_format format_of(struct bytes line)
{
    uint8_t address[16];
    struct bytes rest = line;
    if (take_prefix(&rest, "[adblock") || take_prefix(&rest, "||") || take_prefix(&rest, "@@") ||
        line.at[0] == '!') {
        return LIST_ADBLOCK;
    }
    if (take_prefix(&rest, "server=/") || take_prefix(&rest, "address=/") ||
        take_prefix(&rest, "local=/")) {
        return LIST_DNSMASQ;
    }
    if (line.at[0] == '$' || line.at[0] == ';' || holds_word(line, "SOA") ||
        holds_word(line, "CNAME")) {
        return LIST_RPZ;
    }
    struct bytes first = take_word(&rest);
    return list_address(first, address) > 0 && trim(rest).n > 0 ? LIST_HOSTS : LIST_DOMAINS;
}

void list_begin(struct list_reader *r)
{
    *r = (struct list_reader){
        .format = r->format,
        .on_entry = r->on_entry,
        .on_host = r->on_host,
        .ctx = r->ctx,
        .ttl_s = TTL_DEFAULT_S,
        .origin = {.n = 1},
    };
}

int list_take_line(struct list_reader *r, struct bytes whole)
{
    struct bytes line = trim(whole);
    r->n_lines++;
    if (r->n_lines == 1) {
        take_prefix(&line, "\xef\xbb\xbf");
    }
    if (line.n == 0 || (line.at[0] == '#' && r->format != LIST_RPZ)) {
        return 0;
    }
    if (whole.n > LISTFILE_LINE_MAX) {
        skip(r, line);
        return 0;
    }
    if (r->format == LIST_AUTO) {
        r->format = format_of(line);
    }
    switch (r->format) {
    case LIST_HOSTS:
        take_hosts(r, line);
        break;
    case LIST_AUTO:
    case LIST_DOMAINS:
        take_domain(r, line);
        break;
    case LIST_DNSMASQ:
        take_dnsmasq(r, line);
        break;
    case LIST_ADBLOCK:
        take_adblock(r, line);
        break;
    case LIST_RPZ:
        take_rpz(r, whole, is_space(whole.at[0]));
        break;
    case LIST_ADDRESSES:
        take_addresses(r, line);
        break;
    }
    return r->failure;
}

int list_read_text(struct list_reader *r, struct bytes text)
{
    while (text.n > 0 && r->failure == 0) {
        struct bytes line = before(text, '\n');
        list_take_line(r, line);
        size_t n = line.n < text.n ? line.n + 1 : line.n;
        text = bytes_of(text.at + n, text.n - n);
    }
    return r->failure;
}

/* Takes the whole lines at the front; returns how many octets that were. */
static size_t take_lines(struct list_reader *r, const uint8_t *at, size_t n)
{
    size_t done = 0;
    while (r->failure == 0) {
        const uint8_t *end = memchr(at + done, '\n', n - done);
        if (end == NULL) {
            break;
        }
        list_take_line(r, bytes_of(at + done, (size_t)(end - at) - done));
        done = (size_t)(end - at) + 1;
    }
    return done;
}

/* Lines longer than the buffer come in parts; each is too long, and the parts are counted. */
static int read_lines(struct list_reader *r, int fd, uint8_t *buffer)
{
    size_t n = 0;
    while (r->failure == 0) {
        ssize_t got = read(fd, buffer + n, CHUNK - n);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -errno;
        }
        if (got == 0) {
            break;
        }
        n += (size_t)got;
        size_t done = take_lines(r, buffer, n);
        if (done == 0 && n == CHUNK) {
            list_take_line(r, bytes_of(buffer, n));
            done = n;
        }
        memmove(buffer, buffer + done, n - done);
        n -= done;
    }
    return n > 0 && r->failure == 0 ? list_take_line(r, bytes_of(buffer, n)) : r->failure;
}

int list_read_file(struct list_reader *r, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    uint8_t *buffer = malloc(CHUNK);
    int failure = buffer != NULL ? read_lines(r, fd, buffer) : -ENOMEM;
    free(buffer);
    close(fd);
    return failure;
}
