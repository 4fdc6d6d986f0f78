/* SPDX-License-Identifier: MIT */
/* httpdnsctl query NAME [TYPE] */
#include "control/command.h"
#include "resolver/presentation/print.h"
#include "control/query.h"
#include "resolver/wire/text.h"

#include <stdio.h>

static const char default_socket[] = "/run/httpdnsd/dns.sock";

int command_query(const struct command_options *options, int n, char **arguments)
{
    struct control_reply reply;
    char reason[CONTROL_REASON_MAX];
    struct control_query query = {
        .socket = options->socket != NULL ? options->socket : default_socket,
        .question = {.class = CLASS_IN},
        .want_do = options->want_do,
        .want_cd = options->want_cd,
        .timeout_ms = options->timeout_ms,
    };
    const char *type = n > 1 ? arguments[1] : "A";
    if (name_from_text(arguments[0], &query.question.name) < 0) {
        return command_usage("this is no domain name: ", arguments[0]);
    }
    if (text_to_type(type, &query.question.type) < 0) {
        return command_usage("this is no record type: ", type);
    }
    if (control_ask(&query, &reply, reason) < 0) {
        fprintf(stderr, "httpdnsctl: %s\n", reason);
        return COMMAND_NO_REPLY;
    }
    struct print_about about = {query.socket, reply.took_ms};
    if (print_message(bytes_of(reply.at, reply.n), &about, stdout) < 0) {
        fprintf(stderr, "httpdnsctl: %s: the reply is no DNS message\n", query.socket);
        return COMMAND_NO_REPLY;
    }
    return COMMAND_OK;
}
