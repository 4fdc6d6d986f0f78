/* SPDX-License-Identifier: MIT */
/* httpdnsctl(1): the command line. */
#include "control/command.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 10000, TIMEOUT_MAX_S = 3600 };

static const struct command {
    const char *name;
    const char *arguments;
    int min, max; /* how many of them */
    const char *help;
    int (*run)(const struct command_options *options, int n, char **arguments);
} commands[] = {
    {"query", "NAME [TYPE]", 1, 2,
     "ask httpdnsd through its Unix socket, print the reply as dig does", command_query},
    {"status", "", 0, 0, "what the daemon has done so far", command_status},
    {"providers", "", 0, 0, "whom it asks, and how they fare", command_providers},
    {"local-resolvers", "", 0, 0, "the network's resolvers: where each was found, and when",
     command_local_resolvers},
    {"hijacks", "", 0, 0, "the verdicts about the local resolvers; with --json their evidence",
     command_hijacks},
    {"alert-test", "CLASS", 1, 1, "fire an alert of that class, to see where it arrives",
     command_alert_test},
    {"flush", "", 0, 0, "forget all cached answers", command_flush},
    {"judge", "FILE|- [LIST]...", 1, 64,
     "judge evidence, a line a case (LIST: files of known block addresses)", command_judge},
};

enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

static void print_help(FILE *to)
{
    fputs("usage: httpdnsctl [OPTION]... COMMAND [ARGUMENT]...\n\n", to);
    for (size_t i = 0; i < N_COMMANDS; i++) {
        char call[64];
        snprintf(call, sizeof call, "%s %s", commands[i].name, commands[i].arguments);
        fprintf(to, "  %-24s %s\n", call, commands[i].help);
    }
    fputs("\n"
          "  -s, --socket PATH  instead of the command's usual socket in /run/httpdnsd\n"
          "  -t, --timeout S    give up after S seconds instead of 10\n"
          "      --json         print JSON, where a command knows it\n"
          "      --presets      providers: those built in, instead of those in use\n"
          "      --dnssec       query: ask for signatures (DO)\n"
          "      --cd           query: ask that they are not checked (CD)\n"
          "      --version      print the version and end\n"
          "  -h, --help         print this and end\n",
          to);
}

int command_usage(const char *why, const char *what)
{
    fprintf(stderr, "httpdnsctl: %s'%s'\n", why, what);
    return COMMAND_USAGE;
}

static int usage(const char *why, const char *what)
{
    command_usage(why, what);
    print_help(stderr);
    return COMMAND_USAGE;
}

static bool read_timeout(const char *text, unsigned *ret_ms)
{
    char *end;
    unsigned long s = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || s < 1 || s > TIMEOUT_MAX_S) {
        return false;
    }
    *ret_ms = (unsigned)s * 1000;
    return true;
}

/* Ends the program for --help, --version and what cannot be understood. */
static struct command_options read_options(int argc, char **argv)
{
    enum { DNSSEC = 256, CD, JSON, PRESETS, VERSION };
    static const struct option known[] = {
        {"socket", required_argument, NULL, 's'},
        {"timeout", required_argument, NULL, 't'},
        {"json", no_argument, NULL, JSON},
        {"presets", no_argument, NULL, PRESETS},
        {"dnssec", no_argument, NULL, DNSSEC},
        {"cd", no_argument, NULL, CD},
        {"version", no_argument, NULL, VERSION},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct command_options options = {.timeout_ms = TIMEOUT_MS};
    int option;
    while ((option = getopt_long(argc, argv, "s:t:h", known, NULL)) != -1) {
        switch (option) {
        case 's':
            options.socket = optarg;
            break;
        case 't':
            if (!read_timeout(optarg, &options.timeout_ms)) {
                exit(usage("--timeout takes whole seconds from 1 to 3600, not ", optarg));
            }
            break;
        case JSON:
            options.json = true;
            break;
        case PRESETS:
            options.presets = true;
            break;
        case DNSSEC:
            options.want_do = true;
            break;
        case CD:
            options.want_cd = true;
            break;
        case VERSION:
            puts("httpdnsctl " HTTPDNSD_VERSION);
            exit(EXIT_SUCCESS);
        case 'h':
            print_help(stdout);
            exit(EXIT_SUCCESS);
        default:
            print_help(stderr);
            exit(COMMAND_USAGE);
        }
    }
    return options;
}

int main(int argc, char **argv)
{
    struct command_options options = read_options(argc, argv);
    int n = argc - optind - 1;
    if (n < 0) {
        return usage("a command is missing: ", commands[0].name);
    }
    for (size_t i = 0; i < N_COMMANDS; i++) {
        const struct command *c = &commands[i];
        if (strcmp(argv[optind], c->name) != 0) {
            continue;
        }
        if (n < c->min || n > c->max) {
            const char *takes = c->arguments[0] != '\0' ? c->arguments : "no arguments";
            fprintf(stderr, "httpdnsctl: %s takes: %s\n", c->name, takes);
            return COMMAND_USAGE;
        }
        return c->run(&options, n, argv + optind + 1);
    }
    return usage("unknown command ", argv[optind]);
}
