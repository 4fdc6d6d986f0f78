/* SPDX-License-Identifier: MIT */
#include "daemon/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    atomic_int level;
    bool is_journal;
} log_state = {.level = LOG_LEVEL_INFO};

static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat st;
    uintmax_t device, inode;
    return stream != NULL && sscanf(stream, "%ju:%ju", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

void log_open(enum log_level level)
{
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
    for (const char *c = text; *c != '\0' && line->n + 5 < line->size; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte >= 0x20 && byte != 0x7f) {
            buf_put_u8(line, byte);
            continue;
        }
        char hex[5];
        snprintf(hex, sizeof hex, "\\x%02x", byte);
        buf_put(line, hex, 4);
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
    struct buf line = buf_over(bytes, sizeof bytes);
    put_prefix(&line, level);
    put_escaped(&line, text);
    buf_put_u8(&line, '\n');
    /* One write a line keeps lines whole between threads; a log that is gone stops nobody. */
    ssize_t n = write(STDERR_FILENO, line.at, line.n);
    (void)n;
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
