/* SPDX-License-Identifier: MIT */
/* Where alerts go: the journal with structured fields, syslog as RFC 5424 with structured data, or
 * one line on stderr. Renders what the auditor found; decides nothing about it. */
#ifndef DAEMON_ALERT_H
#define DAEMON_ALERT_H

#include "config/config.h"

enum { ALERT_SYSLOG_MAX = 2048 };

/* Sends the alert to `sink`; AUTO is the journal when stderr goes there, else stderr. When a sink
 * does not take it, it goes to stderr: an alert is never lost silently. */
void alert_send(enum alert_sink sink, const struct alert *alert);

/* The RFC 5424 message: facility daemon, the fields as SD element httpdns@32473 (the documentation
 * PEN), keys in lower camel case, values escaped (§6.3.3). Fields that do not fit are left out,
 * last first; then MSG is cut. `when_s` is Unix time. Returns its octets. */
struct alert_origin {
    const char *hostname;
    long pid;
    int64_t when_s;
};
size_t alert_format_syslog(const struct alert *alert, const struct alert_origin *origin,
                           char out[ALERT_SYSLOG_MAX]);

#endif
