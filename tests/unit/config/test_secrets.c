/* SPDX-License-Identifier: MIT */
#include "tests/unit/config_rig.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_file(const char *path, const char *text, unsigned mode)
{
    FILE *to = fopen(path, "w");
    ck_assert_ptr_nonnull(to);
    fputs(text, to);
    fclose(to);
    ck_assert_int_eq(chmod(path, mode), 0);
}

START_TEST(secret_of_a_fleet_is_read_from_its_file_and_never_shown)
{
    static const char secret[] = "e5e973e5a6b2a43f48e7dc849e37bfcf";
    char path[] = "/tmp/httpdnsd-test-XXXXXX", yaml[128];
    int fd = mkstemp(path);
    ck_assert_int_eq(write(fd, secret, 32), 32);
    snprintf(yaml, sizeof yaml, "cookies: {secret-file: %s}\n", path);
    struct config *c = parse(yaml);
    ck_assert_str_eq(c->clients.cookie_secrets, secret);
    char *shown = print(c);
    ck_assert_ptr_null(strstr(shown, "e5e9"));
    ck_assert_ptr_nonnull(strstr(shown, path));
    free(shown);
    config_free(c);
    ck_assert_int_eq(ftruncate(fd, 30), 0);
    refuses(yaml, 0, 0, "32 hexadecimal digits");
    close(fd);
    unlink(path);
}
END_TEST

START_TEST(secrets_are_printed_as_stars)
{
    struct config *c = parse("providers: [{protocol: alidns, account: 1, access-key: k3y, secret: "
                             "s3cr3t}]\n");
    ck_assert(c->has_inline_secret);
    char *shown = print(c);
    ck_assert_ptr_null(strstr(shown, "k3y"));
    ck_assert_ptr_null(strstr(shown, "s3cr3t"));
    ck_assert_ptr_nonnull(strstr(shown, "secret: \"***\""));
    free(shown);
    config_free(c);
}
END_TEST

START_TEST(secrets_come_from_files_and_credentials)
{
    char folder[] = "/tmp/httpdnsd-test-XXXXXX", path[64], text[256];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/token", folder);
    snprintf(text, sizeof text, "providers: [{protocol: tencent, token-file: %s}]\n", path);
    write_file(path, "t0ken\n", 0640);
    struct config *c = parse(text);
    ck_assert_str_eq(c->providers[0].account.token.text, "t0ken");
    ck_assert(!c->has_inline_secret);
    char *shown = print(c);
    ck_assert_ptr_null(strstr(shown, "t0ken"));
    ck_assert_ptr_nonnull(strstr(shown, "token-file: /tmp/"));
    free(shown);
    config_free(c);
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
    c = parse("providers: [{protocol: tencent, token-file: token}]\n");
    ck_assert_str_eq(c->providers[0].account.token.text, "t0ken");
    config_free(c);
    unsetenv("CREDENTIALS_DIRECTORY");
    refuses("providers: [{protocol: tencent, token-file: token}]\n", 1, 45, "LoadCredential=");
    /* Who writes the secret itself where its file should stand does not find it in the journal. */
    ck_assert_ptr_null(strstr(errors.at[0].text, "'token'"));
    refuses("providers: [{protocol: tencent, token-file: a/b}]\n", 1, 45, "absolute path");
    ck_assert_ptr_null(strstr(errors.at[0].text, "a/b"));
    write_file(path, "t0ken\n", 0644);
    refuses(text, 1, 45, "chmod o-r");
    write_file(path, "\n", 0600);
    refuses(text, 1, 45, "first line");
    unlink(path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    refuses(text, 1, 45, "no file that can be read");
    unlink(path);
    refuses(text, 1, 45, "No such file");
    rmdir(folder);
}
END_TEST

START_TEST(secret_in_a_file_that_others_may_read_is_refused)
{
    static const char with[] = "providers: [{protocol: tencent, token: t0ken}]\n";
    char path[] = "/tmp/httpdnsd-test-XXXXXX";
    int fd = mkstemp(path);
    struct config *config = NULL;
    write_file(path, with, 0600);
    ck_assert_int_eq(config_load(path, &config, &errors), 0);
    config_free(config);
    static const unsigned modes[] = {0640, 0604};
    for (size_t i = 0; i < 2; i++) {
        write_file(path, with, modes[i]);
        ck_assert_int_eq(config_load(path, &config, &errors), -EPERM);
        ck_assert_ptr_nonnull(strstr(errors.at[0].text, "chmod go-r"));
        ck_assert_ptr_null(strstr(errors.at[0].text, "t0ken"));
    }
    close(fd);
    unlink(path);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        secret_of_a_fleet_is_read_from_its_file_and_never_shown,
        secrets_are_printed_as_stars,
        secrets_come_from_files_and_credentials,
        secret_in_a_file_that_others_may_read_is_refused,
    };
    return suite_run("secrets", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
