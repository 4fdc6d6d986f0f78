/* SPDX-License-Identifier: MIT */
#include "daemon/statefile.h"
#include "tests/unit/suite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[32];

/* A process's life. */
static void secret_of(const char *in, uint8_t ret_secret[16])
{
    uv_loop_t loop;
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    struct statefile *file = statefile_new(in, &loop);
    ck_assert_ptr_nonnull(file);
    statefile_secret(file, "some.key", ret_secret, 16);
    statefile_close(file);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_ptr_null(statefile_free(file));
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static void set_up(void)
{
    strcpy(folder, "/tmp/test_statefile.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static const char *path(void)
{
    static char out[64];
    snprintf(out, sizeof out, "%s/some.key", folder);
    return out;
}

static void tear_down(void)
{
    unlink(path());
    rmdir(folder);
}

START_TEST(a_secret_of_this_host_outlives_a_restart_and_nobody_else_reads_it)
{
    uint8_t first[16], second[16];
    struct stat st;
    secret_of(folder, first);
    secret_of(folder, second);
    ck_assert_mem_eq(first, second, sizeof first);
    ck_assert_int_eq(stat(path(), &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0600);
}
END_TEST

START_TEST(a_damaged_secret_is_made_anew)
{
    uint8_t first[16], second[16];
    int fd = open(path(), O_WRONLY | O_CREAT, 0600);
    ck_assert_int_eq(write(fd, "nonsense\n", 9), 9);
    close(fd);
    secret_of(folder, first);
    secret_of(folder, second);
    ck_assert_mem_eq(first, second, sizeof first);
}
END_TEST

START_TEST(without_a_directory_each_process_has_a_secret_of_its_own)
{
    uint8_t first[16], second[16];
    secret_of("off", first);
    secret_of("off", second);
    ck_assert_mem_ne(first, second, sizeof first);
    ck_assert_int_ne(access(path(), F_OK), 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_secret_of_this_host_outlives_a_restart_and_nobody_else_reads_it,
        a_damaged_secret_is_made_anew,
        without_a_directory_each_process_has_a_secret_of_its_own,
    };
    return suite_run("statefile", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
