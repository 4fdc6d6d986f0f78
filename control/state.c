/* SPDX-License-Identifier: MIT */
/* The commands that ask the daemon's control API: what it says as text, or with --json as it is. */
#include "control/command.h"
#include "control/tell.h"
#include "resolver/upstream/curl/local.h"

#include <stdio.h>
#include <stdlib.h>

enum { CLASS_MAX = 128 };

static const char default_socket[] = "/run/httpdnsd/control.sock";

/* Returns the exit code: where the daemon lists what it would have understood, it is the command
 * line's fault. */
static int print_error(unsigned status, const struct jsonv *reply)
{
    const char *why = jsonv_string(jsonv_member(reply, "error"));
    const struct jsonv *classes = jsonv_member(reply, "classes");
    if (classes != NULL) {
        fputs("httpdnsctl: there is no such class of alert; there are:\n", stderr);
        for (size_t i = 0; i < jsonv_count(classes); i++) {
            fprintf(stderr, "  %s\n", jsonv_string(jsonv_element(classes, i)));
        }
        return COMMAND_USAGE;
    }
    if (why != NULL) {
        fprintf(stderr, "httpdnsctl: %s\n", why);
    } else {
        fprintf(stderr, "httpdnsctl: the daemon answers with HTTP status %u\n", status);
    }
    return COMMAND_NO_REPLY;
}

static int print_reply(const struct command_options *options, unsigned status, const char *body)
{
    static const struct jsonv_limits limits = {.max_bytes = CURL_LOCAL_BODY_MAX,
                                               .max_depth = JSONV_NEST_MAX + 1,
                                               .max_string_bytes = 1 << 20,
                                               .max_members = 1 << 20};
    owned(jsonv_freep) struct jsonv *reply = NULL;
    bool is_json = jsonv_read(bytes_of(body, strlen(body)), &limits, &reply, NULL) == 0;
    if (!is_json || status != 200) {
        return print_error(status, reply);
    }
    if (options->json) {
        puts(body);
    } else {
        tell(reply, stdout);
    }
    return COMMAND_OK;
}

static int ask(const struct command_options *options, struct curl_local_request request)
{
    unsigned status;
    char *body, why[CURL_LOCAL_WHY_MAX];
    request.socket = options->socket != NULL ? options->socket : default_socket;
    request.timeout_ms = options->timeout_ms;
    if (curl_local_ask(&request, &status, &body, why) < 0) {
        fprintf(stderr, "httpdnsctl: %s\n", why);
        return COMMAND_NO_REPLY;
    }
    int exit_code = print_reply(options, status, body);
    free(body);
    return exit_code;
}

int command_status(const struct command_options *options, int n, char **arguments)
{
    (void)n;
    (void)arguments;
    return ask(options, (struct curl_local_request){.path = "/v1/status"});
}

int command_providers(const struct command_options *options, int n, char **arguments)
{
    (void)n;
    (void)arguments;
    if (options->presets) {
        return command_presets(options);
    }
    return ask(options, (struct curl_local_request){.path = "/v1/providers"});
}

int command_local_resolvers(const struct command_options *options, int n, char **arguments)
{
    (void)n;
    (void)arguments;
    return ask(options, (struct curl_local_request){.path = "/v1/local-resolvers"});
}

int command_hijacks(const struct command_options *options, int n, char **arguments)
{
    (void)n;
    (void)arguments;
    return ask(options, (struct curl_local_request){.path = "/v1/hijacks"});
}

int command_alert_test(const struct command_options *options, int n, char **arguments)
{
    (void)n;
    char argument[CLASS_MAX];
    int got = snprintf(argument, sizeof argument, "class=%s", arguments[0]);
    if (got >= CLASS_MAX) {
        return command_usage("this is no class of alert: ", arguments[0]);
    }
    return ask(options, (struct curl_local_request){
                            .path = "/v1/alert-test", .argument = argument, .post = true});
}

int command_flush(const struct command_options *options, int n, char **arguments)
{
    (void)n;
    (void)arguments;
    return ask(options, (struct curl_local_request){.path = "/v1/flush", .post = true});
}
