/* SPDX-License-Identifier: MIT */
#include "resolver/audit/echo.h"

#include <assert.h>
#include <stdio.h>

enum { LETTERS = 20, TRIES = 1 };

static void dice(struct port *port, char out[LETTERS + 1])
{
    for (size_t i = 0; i < LETTERS; i++) {
        out[i] = (char)('a' + (int)port_random_below(port, 26));
    }
    out[LETTERS] = '\0';
}

void echo_stop(struct echo *echo)
{
    if (echo->asking_now) {
        echo->asking_now = false;
        asking_stop(&echo->asking);
    }
}

static void on_asked(struct asking *asking)
{
    struct echo *echo = asking->ctx;
    echo_stop(echo);
    echo->on_done(echo);
}

void echo_init(struct echo *echo, const struct asker *asker, void (*on_done)(struct echo *echo),
               void *ctx)
{
    char label[LETTERS + 1], text[LETTERS + 16];
    dice(asker->port, label);
    snprintf(text, sizeof text, "%s.example.com", label);
    int failure = name_from_text(text, &echo->tail);
    assert(failure == 0);
    echo->on_done = on_done;
    echo->ctx = ctx;
    asking_init(&echo->asking, asker, on_asked, echo);
}

/* Another name each time: the last one is remembered, by it and by us. */
void echo_begin(struct echo *echo, const char *server)
{
    assert(!echo->asking_now);
    char label[LETTERS + 1], tail[NAME_MAX_TEXT], text[LETTERS + 1 + NAME_MAX_TEXT];
    struct question *question = &echo->asking.question;
    dice(echo->asking.asker->port, label);
    snprintf(text, sizeof text, "%s.%s", label, name_to_text(&echo->tail, tail));
    *question = (struct question){.type = TYPE_A, .class = CLASS_IN};
    int failure = name_from_text(text, &question->name);
    assert(failure == 0);
    snprintf(echo->server, sizeof echo->server, "%s", server);
    atomic_store(&echo->heard, false);
    echo->asking_now = true;
    asking_local(&echo->asking, echo->server, TRIES);
}

/* No longer than what is asked, and its end the same. */
bool echo_is_ours(const struct echo *echo, const struct name *name)
{
    bool may_be = name->n >= echo->tail.n && name->n <= echo->tail.n + LETTERS + 1;
    return may_be && name_within(name, &echo->tail);
}

void echo_hear(struct echo *echo, const struct name *name)
{
    if (echo_is_ours(echo, name)) {
        atomic_store(&echo->heard, true);
    }
}

bool echo_was_heard(const struct echo *echo)
{
    return atomic_load(&echo->heard);
}
