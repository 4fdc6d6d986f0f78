/* SPDX-License-Identifier: MIT */
#include "daemon/log.h"
#include "tests/unit/suite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static char line[LOG_LINE_MAX + 16];
static int kept_stderr, pipes[2];

static void set_up(void)
{
    ck_assert_int_eq(pipe(pipes), 0);
    kept_stderr = dup(STDERR_FILENO);
    dup2(pipes[1], STDERR_FILENO);
}

static void tear_down(void)
{
    dup2(kept_stderr, STDERR_FILENO);
    close(kept_stderr);
    close(pipes[0]);
    close(pipes[1]);
}

static const char *said(void)
{
    ssize_t n = read(pipes[0], line, sizeof line - 1);
    ck_assert_int_gt(n, 0);
    line[n] = '\0';
    return line;
}

START_TEST(people_read_a_word_for_the_level)
{
    unsetenv("JOURNAL_STREAM");
    log_open(LOG_LEVEL_INFO);
    log_say(LOG_LEVEL_WARNING, "%d of %s", 1, "two");
    ck_assert_str_eq(said(), "httpdnsd: warning: 1 of two\n");
    log_say(LOG_LEVEL_DEBUG, "not said");
    log_say(LOG_LEVEL_INFO, "said");
    ck_assert_str_eq(said(), "httpdnsd: said\n");
}
END_TEST

START_TEST(journal_reads_a_priority)
{
    struct stat st;
    char stream[64];
    ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
    snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log_open(LOG_LEVEL_INFO);
    ck_assert(log_is_journal());
    log_say(LOG_LEVEL_ERROR, "trouble");
    ck_assert_str_eq(said(), "<3>trouble\n");
    setenv("JOURNAL_STREAM", "1:1", 1);
    log_open(LOG_LEVEL_INFO);
    ck_assert(!log_is_journal());
}
END_TEST

START_TEST(octets_that_a_terminal_acts_on_are_escaped)
{
    unsetenv("JOURNAL_STREAM");
    log_open(LOG_LEVEL_INFO);
    log_say(LOG_LEVEL_INFO, "a\x1b[31mb\nc\x7f");
    ck_assert_str_eq(said(), "httpdnsd: a\\x1b[31mb\\x0ac\\x7f\n");
    log_say(LOG_LEVEL_INFO, "\xc3\xbc \xc2\x9b\x31m \xff");
    ck_assert_str_eq(said(), "httpdnsd: \xc3\xbc \\xc2\\x9b1m \\xff\n");
}
END_TEST

START_TEST(long_line_is_cut_and_still_one_line)
{
    static char text[2 * LOG_LINE_MAX];
    memset(text, '\n', sizeof text - 1);
    unsetenv("JOURNAL_STREAM");
    log_open(LOG_LEVEL_INFO);
    log_say(LOG_LEVEL_INFO, "%s", text);
    const char *got = said();
    ck_assert_uint_le(strlen(got), LOG_LINE_MAX);
    ck_assert_ptr_eq(strchr(got, '\n'), got + strlen(got) - 1);
}
END_TEST

/* Whatever is in the pipe is taken out of it. */
static void drain(void)
{
    static char waste[4096];
    while (read(pipes[0], waste, sizeof waste) == sizeof waste) {
    }
}

START_TEST(full_pipe_makes_nobody_wait_and_its_losses_are_told_once)
{
    unsetenv("JOURNAL_STREAM");
    log_open(LOG_LEVEL_INFO);
    ck_assert_int_eq(fcntl(pipes[0], F_SETPIPE_SZ, 8192), 8192);
    fcntl(pipes[0], F_SETFL, O_NONBLOCK);
    for (int i = 0; i < 1000; i++) {
        log_say(LOG_LEVEL_INFO, "line %d of a thousand", i);
    }
    drain();
    log_say(LOG_LEVEL_INFO, "flows");
    const char *got = said();
    unsigned long n_lost = 0;
    ck_assert_int_eq(sscanf(got, "httpdnsd: warning: %lu lines of this log are lost", &n_lost), 1);
    ck_assert(n_lost > 0 && n_lost < 1000);
    ck_assert_ptr_nonnull(strstr(got, "\nhttpdnsd: flows\n"));
    log_say(LOG_LEVEL_INFO, "flows on");
    ck_assert_str_eq(said(), "httpdnsd: flows on\n");
    ck_assert_int_eq(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
}
END_TEST

START_TEST(full_socket_makes_nobody_wait)
{
    int pair[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    dup2(pair[1], STDERR_FILENO);
    dup2(pair[0], pipes[0]);
    log_open(LOG_LEVEL_INFO);
    for (int i = 0; i < 20000; i++) {
        log_say(LOG_LEVEL_INFO, "line %d of many more than a socket holds", i);
    }
    fcntl(pipes[0], F_SETFL, O_NONBLOCK);
    drain();
    log_say(LOG_LEVEL_INFO, "flows");
    ck_assert_ptr_nonnull(strstr(said(), " lines of this log are lost"));
    close(pair[0]);
    close(pair[1]);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        people_read_a_word_for_the_level,
        journal_reads_a_priority,
        octets_that_a_terminal_acts_on_are_escaped,
        long_line_is_cut_and_still_one_line,
        full_pipe_makes_nobody_wait_and_its_losses_are_told_once,
        full_socket_makes_nobody_wait,
    };
    return suite_run("log", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
