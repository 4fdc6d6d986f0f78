/* SPDX-License-Identifier: MIT */
#include "daemon/alert.h"

#include "daemon/log.h"
#include "daemon/systemd.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum { FIELDS_MAX = 64, SD_TAIL = 2 /* "] " */ };

/* ---- journal ---- */

/* gives "KEY=value", NULL without memory. */
static char *journal_field(const char *prefix, const char *key, const char *value)
{
    char *field = NULL;
    return asprintf(&field, "%s%s=%s", prefix, key, value) < 0 ? NULL : field;
}

static int send_journal(const struct alert *alert)
{
    struct iovec fields[FIELDS_MAX];
    char *made[FIELDS_MAX];
    int n = 0;
    char priority[12];
    snprintf(priority, sizeof priority, "%d", alert->priority);
    made[n++] = journal_field("", "MESSAGE", alert->message);
    made[n++] = journal_field("", "MESSAGE_ID", alert->message_id);
    made[n++] = journal_field("", "PRIORITY", priority);
    made[n++] = journal_field("", "SYSLOG_IDENTIFIER", "httpdnsd");
    for (size_t i = 0; i < alert->n_fields && n < FIELDS_MAX; i++) {
        made[n++] = journal_field("HTTPDNS_", alert->fields[i].key, alert->fields[i].value);
    }
    int failure = 0;
    for (int i = 0; i < n; i++) {
        failure = made[i] == NULL ? -ENOMEM : failure;
        fields[i] = (struct iovec){made[i], made[i] != NULL ? strlen(made[i]) : 0};
    }
    if (failure == 0) {
        failure = systemd_journal(fields, n);
    }
    for (int i = 0; i < n; i++) {
        free(made[i]);
    }
    return failure;
}

/* ---- syslog ---- */

static void put_text(struct buf *b, const char *text)
{
    buf_put(b, text, strlen(text));
}

/* "ISP_RESOLVER" becomes "ispResolver". */
static void put_camel(struct buf *b, const char *key)
{
    bool upper = false;
    for (; *key != '\0'; key++) {
        if (*key == '_') {
            upper = true;
            continue;
        }
        int c = (unsigned char)*key;
        buf_put_u8(b, (uint8_t)(upper ? toupper(c) : tolower(c)));
        upper = false;
    }
}

static void put_sd_value(struct buf *b, const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\' || *value == ']') {
            buf_put_u8(b, '\\');
        }
        buf_put_u8(b, (uint8_t)*value);
    }
}

/* A field goes in whole or not at all. */
static void put_sd_field(struct buf *b, const struct alert_field *field, size_t reserve)
{
    struct buf trial = *b;
    trial.size = b->size > reserve ? b->size - reserve : 0;
    buf_put_u8(&trial, ' ');
    put_camel(&trial, field->key);
    put_text(&trial, "=\"");
    put_sd_value(&trial, field->value);
    buf_put_u8(&trial, '"');
    if (!trial.overflow) {
        b->n = trial.n;
    }
}

size_t alert_format_syslog(const struct alert *alert, const struct alert_origin *origin,
                           char out[ALERT_SYSLOG_MAX])
{
    struct buf b = buf_over(out, ALERT_SYSLOG_MAX);
    char head[400], when[32];
    struct tm tm;
    time_t at = (time_t)origin->when_s;
    gmtime_r(&at, &tm);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
    snprintf(head, sizeof head, "<%d>1 %s %.255s httpdnsd %ld %.32s ", LOG_DAEMON | alert->priority,
             when, origin->hostname, origin->pid, alert->verdict);
    put_text(&b, head);
    put_text(&b, "[httpdns@32473");
    size_t n_message = strlen(alert->message);
    size_t reserve =
        (n_message < ALERT_SYSLOG_MAX / 2 ? n_message : ALERT_SYSLOG_MAX / 2) + SD_TAIL;
    for (size_t i = 0; i < alert->n_fields; i++) {
        put_sd_field(&b, &alert->fields[i], reserve);
    }
    put_text(&b, "] ");
    size_t room = b.size - b.n;
    buf_put(&b, alert->message, n_message < room ? n_message : room);
    assert(!b.overflow);
    return b.n;
}

static int send_syslog(const struct alert *alert)
{
    char hostname[256] = "-";
    if (gethostname(hostname, sizeof hostname - 1) < 0 || hostname[0] == '\0') {
        snprintf(hostname, sizeof hostname, "-");
    }
    struct alert_origin origin = {hostname, (long)getpid(), (int64_t)time(NULL)};
    char text[ALERT_SYSLOG_MAX];
    size_t n = alert_format_syslog(alert, &origin, text);
    struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -errno;
    }
    int failure = 0;
    if (sendto(fd, text, n, MSG_NOSIGNAL, (struct sockaddr *)&to, sizeof to) < 0) {
        failure = -errno;
    }
    close(fd);
    return failure;
}

/* ---- */

static void send_stderr(const struct alert *alert)
{
    log_say(alert->priority <= LOG_WARNING ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, "%s",
            alert->message);
}

void alert_send(enum alert_sink sink, const struct alert *alert)
{
    int failure = -ENOTSUP;
    switch (sink) {
    case ALERT_AUTO:
        failure = log_is_journal() ? send_journal(alert) : -ENOTSUP;
        break;
    case ALERT_JOURNAL:
        failure = send_journal(alert);
        break;
    case ALERT_SYSLOG:
        failure = send_syslog(alert);
        break;
    case ALERT_STDERR:
        break;
    }
    if (failure < 0) {
        send_stderr(alert);
    }
}
