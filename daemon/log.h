/* SPDX-License-Identifier: MIT */
/* The daemon's own words, one line each, to stderr: with a level word for people, with a priority
 * prefix (sd-daemon(3)) when stderr is the journal. The only mutable file-scope state of the
 * program lives here. Bytes that a terminal would act on are escaped; a line is cut at
 * LOG_LINE_MAX.
 *
 * Nobody waits for the log: a line that whoever reads it has no room for is dropped, and the first
 * that gets through again is preceded by one that says how many were. */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include "config/config.h"

enum { LOG_LINE_MAX = 2048 };

/* Decides the form by JOURNAL_STREAM; to be called once, before threads start. */
void log_open(enum log_level level);
void log_set_level(enum log_level level);
/* True when stderr is the journal's stream. */
bool log_is_journal(void);

void log_say(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Each error as "path:line:column: text". */
void log_config_errors(const char *path, const struct config_errors *errors);

#endif
