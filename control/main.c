/* SPDX-License-Identifier: MIT */
/* httpdnsctl(1): the command line. */
#include "control/print.h"
#include "control/query.h"
#include "resolver/wire/text.h"

#include <getopt.h>
#include <stdlib.h>

enum { EXIT_NO_REPLY = 1, EXIT_USAGE = 2, TIMEOUT_MS = 10000, TIMEOUT_MAX_S = 3600 };

struct options {
    const char *socket;
    unsigned timeout_ms;
    bool want_do, want_cd;
};

static void print_help(FILE *to)
{
    fputs("usage: httpdnsctl [OPTION]... query NAME [TYPE]\n"
          "Asks httpdnsd through its Unix socket and prints the reply as dig does.\n"
          "\n"
          "  -s, --socket PATH  instead of /run/httpdnsd/dns.sock\n"
          "  -t, --timeout S    give up after S seconds instead of 10\n"
          "      --dnssec       ask for signatures (DO)\n"
          "      --cd           ask that they are not checked (CD)\n"
          "      --version      print the version and end\n"
          "  -h, --help         print this and end\n",
          to);
}

static int usage(const char *why, const char *what)
{
    fprintf(stderr, "httpdnsctl: %s'%s'\n", why, what);
    print_help(stderr);
    return EXIT_USAGE;
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
static struct options read_options(int argc, char **argv)
{
    enum { DNSSEC = 256, CD, VERSION };
    static const struct option known[] = {
        {"socket", required_argument, NULL, 's'},
        {"timeout", required_argument, NULL, 't'},
        {"dnssec", no_argument, NULL, DNSSEC},
        {"cd", no_argument, NULL, CD},
        {"version", no_argument, NULL, VERSION},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct options options = {.socket = "/run/httpdnsd/dns.sock", .timeout_ms = TIMEOUT_MS};
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
            exit(EXIT_USAGE);
        }
    }
    return options;
}

static int ask(const struct options *options, const char *name, const char *type)
{
    struct control_reply reply;
    char reason[CONTROL_REASON_MAX];
    struct control_query query = {
        .socket = options->socket,
        .question = {.class = CLASS_IN},
        .want_do = options->want_do,
        .want_cd = options->want_cd,
        .timeout_ms = options->timeout_ms,
    };
    if (name_from_text(name, &query.question.name) < 0) {
        return usage("this is no domain name: ", name);
    }
    if (text_to_type(type, &query.question.type) < 0) {
        return usage("this is no record type: ", type);
    }
    if (control_ask(&query, &reply, reason) < 0) {
        fprintf(stderr, "httpdnsctl: %s\n", reason);
        return EXIT_NO_REPLY;
    }
    struct print_about about = {options->socket, reply.took_ms};
    if (print_message(bytes_of(reply.at, reply.n), &about, stdout) < 0) {
        fprintf(stderr, "httpdnsctl: %s: the reply is no DNS message\n", options->socket);
        return EXIT_NO_REPLY;
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct options options = read_options(argc, argv);
    const char *command = optind < argc ? argv[optind] : "";
    int n_arguments = argc - optind - 1;
    if (strcmp(command, "query") != 0) {
        return usage(command[0] == '\0' ? "a command is missing: " : "unknown command ",
                     command[0] == '\0' ? "query" : command);
    }
    if (n_arguments < 1 || n_arguments > 2) {
        return usage("query takes a name and perhaps a type: ", "query www.example.com AAAA");
    }
    return ask(&options, argv[optind + 1], n_arguments == 2 ? argv[optind + 2] : "A");
}
