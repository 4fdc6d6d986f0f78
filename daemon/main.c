/* SPDX-License-Identifier: MIT */
/* httpdnsd(8): the command line. */
#include "daemon/auditor.h"
#include "daemon/daemon.h"
#include "daemon/log.h"
#include "resolver/origin/origin.h"
#include "resolver/upstream/curl/curl.h"

#include <getopt.h>
#include <stdlib.h>

enum { EXIT_USAGE = 2 };

static const char default_path[] = HTTPDNSD_SYSCONFDIR "/httpdnsd/httpdnsd.yaml";

enum action { ACTION_RUN, ACTION_CHECK, ACTION_SHOW, ACTION_ALERT_TEST };

struct options {
    const char *path;
    enum action action;
    const char *alert_class;
};

static void print_help(FILE *to)
{
    fprintf(
        to,
        "usage: httpdnsd [--config FILE] [--check | --show-config | --alert-test CLASS]\n"
        "Answers DNS queries on local sockets by asking HTTPS providers, and says so when the\n"
        "local resolver lies.\n"
        "\n"
        "  -c, --config FILE  read FILE instead of %s\n"
        "      --check        read the configuration, say OK or every error, and end\n"
        "      --show-config  print the configuration in force, defaults included, and end\n"
        "      --alert-test CLASS\n"
        "                     fire an alert of that class on purpose, marked as a test, and end\n"
        "      --version      print the version and end\n"
        "  -h, --help         print this and end\n"
        "\n"
        "SIGTERM and SIGINT answer what is pending and end; SIGHUP reads the configuration "
        "again.\n",
        default_path);
}

/* Ends the program for --help, --version and what cannot be understood. */
static struct options read_options(int argc, char **argv)
{
    enum { CHECK = 256, SHOW, ALERT_TEST, VERSION };
    static const struct option known[] = {
        {"config", required_argument, NULL, 'c'},
        {"check", no_argument, NULL, CHECK},
        {"show-config", no_argument, NULL, SHOW},
        {"version", no_argument, NULL, VERSION},
        {"help", no_argument, NULL, 'h'},
        {"alert-test", required_argument, NULL, ALERT_TEST},
        {NULL, 0, NULL, 0},
    };
    struct options options = {.path = default_path, .action = ACTION_RUN};
    int option;
    while ((option = getopt_long(argc, argv, "c:h", known, NULL)) != -1) {
        switch (option) {
        case 'c':
            options.path = optarg;
            break;
        case CHECK:
            options.action = ACTION_CHECK;
            break;
        case SHOW:
            options.action = ACTION_SHOW;
            break;
        case ALERT_TEST:
            options.action = ACTION_ALERT_TEST;
            options.alert_class = optarg;
            break;
        case VERSION:
            printf("httpdnsd %s (%s; ASN databases: %s)\n", HTTPDNSD_VERSION,
                   curl_exchange_version(), origin_formats());
            exit(EXIT_SUCCESS);
        case 'h':
            print_help(stdout);
            exit(EXIT_SUCCESS);
        default:
            print_help(stderr);
            exit(EXIT_USAGE);
        }
    }
    if (optind < argc) {
        fprintf(stderr, "httpdnsd: unexpected argument '%s'\n", argv[optind]);
        print_help(stderr);
        exit(EXIT_USAGE);
    }
    return options;
}

static int fire_alert(const struct config *config, const char *class)
{
    if (auditor_alert_test(config, class)) {
        return DAEMON_EXIT_OK;
    }
    fprintf(stderr, "httpdnsd: no alert class '%s'; there are:\n", class);
    for (size_t i = 0; audit_alert_class(i) != NULL; i++) {
        fprintf(stderr, "  %s\n", audit_alert_class(i));
    }
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    struct options options = read_options(argc, argv);
    log_open(LOG_LEVEL_INFO);
    struct config *config;
    struct config_errors errors;
    if (config_load(options.path, &config, &errors) < 0) {
        log_config_errors(options.path, &errors);
        return DAEMON_EXIT_CONFIG;
    }
    switch (options.action) {
    case ACTION_CHECK:
        printf("%s: OK\n", options.path);
        config_free(config);
        return DAEMON_EXIT_OK;
    case ACTION_SHOW:
        config_print(config, stdout);
        config_free(config);
        return DAEMON_EXIT_OK;
    case ACTION_ALERT_TEST: {
        int code = fire_alert(config, options.alert_class);
        config_free(config);
        return code;
    }
    case ACTION_RUN:
        break;
    }
    return (int)daemon_run(options.path, config);
}
