/* SPDX-License-Identifier: MIT */
/* The daemon itself. */
#include "config/lists.h"
#include "config/options/options.h"

static const struct schema_word auto_is_zero[] = {{"auto", 0}, {NULL, 0}};
static const struct schema_word auto_or_off[] = {{"auto", 0}, {"off", 0}, {NULL, 0}};
static const struct schema_word off[] = {{"off", 0}, {NULL, 0}};
static const struct schema_word levels[] = {{"error", LOG_LEVEL_ERROR},
                                            {"warning", LOG_LEVEL_WARNING},
                                            {"info", LOG_LEVEL_INFO},
                                            {"debug", LOG_LEVEL_DEBUG},
                                            {NULL, 0}};

#define AT(field) offsetof(struct config, field)

static const struct schema_row rows[] = {
    {.key = "workers",
     .kind = SCHEMA_COUNT,
     .offset = AT(workers),
     .min = 1,
     .max = CONFIG_WORKERS_MAX,
     .fallback = "auto",
     .words = auto_is_zero,
     .help = "How many threads answer queries; auto is one a core."},
    {.key = "state-dir",
     .kind = SCHEMA_STRING,
     .offset = AT(state_dir),
     .fallback = "auto",
     .words = auto_or_off,
     .help = "The directory with what outlives a restart: the addresses at which providers known "
             "by name alone were reached last, and the key of hijack.redact. auto is "
             "$STATE_DIRECTORY, which the service manager sets, else /var/lib/httpdnsd; off for "
             "none. A change takes effect at the next restart."},
    {.section = "control",
     .key = "socket",
     .kind = SCHEMA_STRING,
     .offset = AT(control_socket),
     .fallback = "/run/httpdnsd/control.sock",
     .words = off,
     .help = "The Unix socket on which httpdnsctl asks for the daemon's state, with the mode and "
             "group of unix-socket; off for none."},
    {.section = "log",
     .key = "level",
     .kind = SCHEMA_WORD,
     .offset = AT(log_level),
     .fallback = "info",
     .words = levels,
     .help = "The least important messages that are still logged: error, warning, info or debug."},
};

const struct options options_process = {rows, sizeof rows / sizeof rows[0]};
