/* SPDX-License-Identifier: MIT */
#include "config/template.h"

#include "resolver/bytes.h"

#include <stdio.h>

/* RFC 6570 §3.2.1 and appendix A, without the fragment, which no server ever sees. */
struct form {
    char sign; /* '\0': none */
    char first, between;
    bool named;    /* name=value */
    bool reserved; /* lets reserved characters through */
};
static const struct form forms[] = {
    {'+', '\0', ',', false, true},   {'.', '.', '.', false, false}, {'/', '/', '/', false, false},
    {';', ';', ';', true, false},    {'?', '?', '&', true, false},  {'&', '&', '&', true, false},
    {'\0', '\0', ',', false, false},
};

struct expansion {
    const struct template_target *target;
    struct buf out;
    unsigned n_hosts, n_paths; /* how often the variables came */
};

static void put_value(struct buf *out, const char *value, bool reserved)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    static const char reserved_set[] = ":/?#[]@!$&'()*+,;=";
    for (; *value != '\0'; value++) {
        char text[4];
        if (strchr(plain, *value) != NULL || (reserved && strchr(reserved_set, *value) != NULL)) {
            buf_put(out, value, 1);
        } else {
            snprintf(text, sizeof text, "%%%02X", (unsigned)(unsigned char)*value);
            buf_put(out, text, 3);
        }
    }
}

static const struct form *form_of(struct bytes *expression)
{
    const struct form *op = forms;
    while (op->sign != '\0' && (expression->n == 0 || op->sign != (char)expression->at[0])) {
        op++;
    }
    if (op->sign != '\0') {
        *expression = bytes_of(expression->at + 1, expression->n - 1);
    }
    return op;
}

/* One variable; false when it is none of ours. */
static bool put_variable(struct expansion *e, const struct form *op, struct bytes name)
{
    bool host = bytes_equal(name, bytes_of("targethost", 10));
    bool path = bytes_equal(name, bytes_of("targetpath", 10));
    e->n_hosts += host;
    e->n_paths += path;
    if (op->named) {
        buf_put(&e->out, name.at, name.n);
        buf_put_u8(&e->out, '=');
    }
    if (host || path) {
        put_value(&e->out, host ? e->target->host : e->target->path, op->reserved);
    }
    return host || path;
}

/* What stands between braces; false when it is more than we take. */
static bool put_expression(struct expansion *e, struct bytes expression)
{
    const struct form *op = form_of(&expression);
    char before = op->first;
    while (true) {
        const uint8_t *comma = memchr(expression.at, ',', expression.n);
        size_t n = comma != NULL ? (size_t)(comma - expression.at) : expression.n;
        if (before != '\0') {
            buf_put_u8(&e->out, (uint8_t)before);
        }
        if (!put_variable(e, op, bytes_of(expression.at, n))) {
            return false;
        }
        if (comma == NULL) {
            return true;
        }
        before = op->between;
        expression = bytes_of(comma + 1, expression.n - n - 1);
    }
}

/* A template whose host is itself a variable would let the target choose the relay. */
static bool begins_with_host(const char *text)
{
    static const char scheme[] = "https://";
    const char *host = text + sizeof scheme - 1;
    size_t n = strncmp(text, scheme, sizeof scheme - 1) == 0 ? strcspn(host, "/?{") : 0;
    return n > 0 && (host[n] == '/' || host[n] == '?' ||
                     (host[n] == '{' && (host[n + 1] == '/' || host[n + 1] == '?')));
}

const char *template_expand(const char *text, const struct template_target *target,
                            char ret_url[TEMPLATE_URL_MAX])
{
    struct expansion e = {.target = target, .out = buf_over(ret_url, TEMPLATE_URL_MAX - 1)};
    if (!begins_with_host(text)) {
        return "must begin with https:// and the relay's own host";
    }
    while (*text != '\0') {
        size_t n = strcspn(text, "{}");
        buf_put(&e.out, text, n);
        text += n;
        if (*text == '\0') {
            break;
        }
        size_t n_expression = *text == '{' ? strcspn(text + 1, "{}") : 0;
        if (n_expression == 0 || text[1 + n_expression] != '}') {
            return "has a brace without its other";
        }
        if (!put_expression(&e, bytes_of(text + 1, n_expression))) {
            return "takes the variables targethost and targetpath only, without modifiers";
        }
        text += n_expression + 2;
    }
    if (e.n_hosts != 1 || e.n_paths != 1) {
        return "needs targethost and targetpath once each, as in "
               "https://relay.example/proxy{?targethost,targetpath}";
    }
    if (e.out.overflow) {
        return "grows too long";
    }
    ret_url[e.out.n] = '\0';
    return NULL;
}
