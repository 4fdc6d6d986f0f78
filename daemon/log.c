/* SPDX-License-Identifier: MIT */
#include "daemon/log.h"

#include "resolver/wire/text.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    atomic_int level;
    bool is_journal;
    bool is_socket;
    int fd;
    pthread_mutex_t lock; /* of the two below, and of the order of lines */
    unsigned long n_lost; /* since the last one that was written */
    bool is_cut;          /* the last one was written in part */
} log_state = {.level = LOG_LEVEL_INFO, .fd = STDERR_FILENO, .lock = PTHREAD_MUTEX_INITIALIZER};

static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat st;
    uintmax_t device, inode;
    return stream != NULL && sscanf(stream, "%ju:%ju", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

/* stderr's flags are shared with whoever started us: one that never waits is opened beside it. A
 * file never waits, and opened again it would have another place to write at. */
static int open_unwaiting(mode_t mode)
{
    if (!S_ISFIFO(mode) && !S_ISCHR(mode)) {
        return STDERR_FILENO;
    }
    int fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    /* It may be somebody else's: then write_line() looks before each line. */
    return fd >= 0 ? fd : STDERR_FILENO;
}

void log_open(enum log_level level)
{
    struct stat st = {0};
    fstat(STDERR_FILENO, &st);
    if (log_state.fd != STDERR_FILENO) {
        close(log_state.fd);
    }
    log_state.fd = open_unwaiting(st.st_mode);
    log_state.is_socket = S_ISSOCK(st.st_mode);
    log_state.is_journal = stderr_is_journal();
    log_set_level(level);
}

void log_set_level(enum log_level level)
{
    atomic_store(&log_state.level, (int)level);
}

bool log_is_journal(void)
{
    return log_state.is_journal;
}

static void put_escaped(struct buf *line, const char *text)
{
    while (*text != '\0' && line->n + 5 < line->size) {
        size_t n = text_character(text);
        char hex[5];
        if (n > 0) {
            buf_put(line, text, n);
        } else {
            n = 1;
            snprintf(hex, sizeof hex, "\\x%02x", (unsigned char)*text);
            buf_put(line, hex, 4);
        }
        text += n;
    }
}

static void put_prefix(struct buf *line, enum log_level level)
{
    static const struct {
        const char *journal, *people;
    } prefixes[] = {
        [LOG_LEVEL_ERROR] = {"<3>", "httpdnsd: error: "},
        [LOG_LEVEL_WARNING] = {"<4>", "httpdnsd: warning: "},
        [LOG_LEVEL_INFO] = {"<6>", "httpdnsd: "},
        [LOG_LEVEL_DEBUG] = {"<7>", "httpdnsd: debug: "},
    };
    const char *prefix = log_state.is_journal ? prefixes[level].journal : prefixes[level].people;
    buf_put(line, prefix, strlen(prefix));
}

static struct buf make_line(enum log_level level, const char *text, uint8_t bytes[LOG_LINE_MAX])
{
    struct buf line = buf_over(bytes, LOG_LINE_MAX);
    put_prefix(&line, level);
    put_escaped(&line, text);
    buf_put_u8(&line, '\n');
    return line;
}

/* One write a line keeps lines whole between processes. Without room for it there is none. */
static bool write_line(struct bytes line)
{
    struct pollfd room = {.fd = log_state.fd, .events = POLLOUT};
    if (log_state.fd == STDERR_FILENO && poll(&room, 1, 0) != 1) {
        return false;
    }
    ssize_t n = log_state.is_socket
                    ? send(log_state.fd, line.at, line.n, MSG_DONTWAIT | MSG_NOSIGNAL)
                    : write(log_state.fd, line.at, line.n);
    if (n > 0) {
        log_state.is_cut = (size_t)n < line.n;
    }
    return n == (ssize_t)line.n;
}

/* Before the first line that gets through again: how many did not. */
static bool say_lost(void)
{
    char text[128];
    uint8_t bytes[LOG_LINE_MAX + 1] = {'\n'};
    if (log_state.n_lost == 0) {
        return true;
    }
    snprintf(text, sizeof text, "%lu lines of this log are lost: nobody took them in time",
             log_state.n_lost);
    struct buf line = make_line(LOG_LEVEL_WARNING, text, bytes + 1);
    size_t skip = log_state.is_cut ? 0 : 1;
    if (!write_line(bytes_of(bytes + skip, line.n + 1 - skip))) {
        return false;
    }
    log_state.n_lost = 0;
    return true;
}

void log_say(enum log_level level, const char *format, ...)
{
    if ((int)level > atomic_load_explicit(&log_state.level, memory_order_relaxed)) {
        return;
    }
    char text[LOG_LINE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    uint8_t bytes[LOG_LINE_MAX];
    struct buf line = make_line(level, text, bytes);
    pthread_mutex_lock(&log_state.lock);
    if (!say_lost() || !write_line(bytes_of(line.at, line.n))) {
        log_state.n_lost++;
    }
    pthread_mutex_unlock(&log_state.lock);
}

void log_config_errors(const char *path, const struct config_errors *errors)
{
    size_t n = errors->n < CONFIG_ERRORS_MAX ? errors->n : CONFIG_ERRORS_MAX;
    for (size_t i = 0; i < n; i++) {
        const struct config_error *e = &errors->at[i];
        if (e->line == 0) {
            log_say(LOG_LEVEL_ERROR, "%s: %s", path, e->text);
        } else {
            log_say(LOG_LEVEL_ERROR, "%s:%u:%u: %s", path, e->line, e->column, e->text);
        }
    }
    if (errors->n > n) {
        log_say(LOG_LEVEL_ERROR, "%s: %zu more errors", path, errors->n - n);
    }
}
