/* SPDX-License-Identifier: MIT */
/* The commands of httpdnsctl: one function and one row of main.c's table each. A command prints to
 * stdout what was asked for and to stderr why there is none. */
#ifndef CONTROL_COMMAND_H
#define CONTROL_COMMAND_H

#include <stdbool.h>

enum command_exit {
    COMMAND_OK = 0,
    COMMAND_NO_REPLY = 1, /* nobody answered, or what came is no answer */
    COMMAND_USAGE = 2,    /* the arguments make no sense: usage is printed by main() */
};

struct command_options {
    const char *socket; /* NULL: the command's own default */
    unsigned timeout_ms;
    bool want_do, want_cd;
    bool json;
    bool presets;
};

/* Says on stderr what is wrong with an argument. Returns COMMAND_USAGE. */
int command_usage(const char *why, const char *what);

int command_query(const struct command_options *options, int n, char **arguments);
int command_judge(const struct command_options *options, int n, char **arguments);
int command_status(const struct command_options *options, int n, char **arguments);
int command_providers(const struct command_options *options, int n, char **arguments);
/* providers --presets */
int command_presets(const struct command_options *options);
int command_local_resolvers(const struct command_options *options, int n, char **arguments);
int command_hijacks(const struct command_options *options, int n, char **arguments);
int command_alert_test(const struct command_options *options, int n, char **arguments);
int command_flush(const struct command_options *options, int n, char **arguments);

#endif
