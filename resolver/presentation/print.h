/* SPDX-License-Identifier: MIT */
/* A DNS message as dig(1) prints it; ldns writes the records. */
#ifndef RESOLVER_PRESENTATION_PRINT_H
#define RESOLVER_PRESENTATION_PRINT_H

#include "resolver/bytes.h"

#include <stdio.h>

struct print_about {
    const char *server; /* where the message came from */
    unsigned took_ms;
};

/* 0, or -EINVAL when the bytes are no DNS message (nothing is printed). */
int print_message(struct bytes message, const struct print_about *about, FILE *to);

#endif
