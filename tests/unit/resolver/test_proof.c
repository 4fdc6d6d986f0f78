/* SPDX-License-Identifier: MIT */
/* TLS proofs against openssl's own server on port 443 of loopback addresses that nobody else uses.
 */
#include "resolver/upstream/curl/curl.h"
#include "resolver/upstream/curl/proof.h"

#include "tests/unit/plain_rig.h"
#include "tests/unit/suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SERVERS_MAX = 4 };

static char folder[64];
static char reason[128]; /* why it cannot run here; "" when it can */
static pid_t servers[SERVERS_MAX];
static size_t n_servers;
static char address[SERVERS_MAX][32];

struct proved {
    struct proof_call call;
    unsigned n_done;
    enum proof_outcome outcome;
    struct proof_certificate certificate;
};

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *format, ...)
{
    char command[2048];
    int n = snprintf(command, sizeof command, "cd %s && (", folder);
    va_list args;
    va_start(args, format);
    vsnprintf(command + n, sizeof command - (size_t)n, format, args);
    va_end(args);
    strncat(command, ") >>log 2>&1", sizeof command - strlen(command) - 1);
    ck_assert_msg(system(command) == 0, "%s", command);
}

/* How long a certificate is valid: from now, and until long ago. OpenSSL 3.4 has words for the
 * past, and one before it takes a negative number. */
static const char from_now[] = "-days 30";
static const char ended[] =
    "$(openssl x509 -help 2>&1 | grep -q not_after && "
    "echo -not_before 20200101000000Z -not_after 20200102000000Z || echo -days -1)";

/* A leaf for `name`, signed by `ca`. */
static void make_leaf(const char *file, const char *name, const char *ca, const char *valid)
{
    run("printf 'subjectAltName=DNS:%s\\nbasicConstraints=CA:FALSE\\n' >%s.ext && "
        "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=%s "
        "-keyout %s.key -out %s.csr && "
        "openssl x509 -req -in %s.csr -CA %s.pem -CAkey %s.key -CAcreateserial %s "
        "-extfile %s.ext -out %s.pem",
        name, file, name, file, file, file, ca, ca, valid, file, file);
}

static void make_ca(const char *file)
{
    run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 "
        "-subj '/CN=%s CA' -keyout %s.key -out %s.pem -addext basicConstraints=critical,CA:TRUE",
        file, file, file);
}

static bool can_connect(const char *to)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(443)};
    inet_pton(AF_INET, to, &at.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool good = connect(fd, (struct sockaddr *)&at, sizeof at) == 0;
    close(fd);
    return good;
}

/* Its index; its address is address[index]. */
static size_t serve(const char *leaf)
{
    size_t i = n_servers++;
    char accept[64];
    snprintf(address[i], sizeof address[i], "127.%u.%u.%u", 1 + (unsigned)getpid() % 250,
             (unsigned)getpid() / 250 % 250, 10 + (unsigned)i);
    snprintf(accept, sizeof accept, "%s:443", address[i]);
    servers[i] = fork();
    if (servers[i] == 0) {
        char certificate[128], key[128];
        snprintf(certificate, sizeof certificate, "%s/%s.pem", folder, leaf);
        snprintf(key, sizeof key, "%s/%s.key", folder, leaf);
        if (freopen("/dev/null", "w", stdout) == NULL ||
            freopen("/dev/null", "w", stderr) == NULL || freopen("/dev/null", "r", stdin) == NULL) {
            _exit(1);
        }
        execlp("openssl", "openssl", "s_server", "-www", "-accept", accept, "-cert", certificate,
               "-key", key, NULL);
        _exit(127);
    }
    uint64_t until_us = real_now_us(NULL) + PATIENCE_MS * 1000;
    while (!can_connect(address[i])) {
        ck_assert_uint_lt(real_now_us(NULL), until_us);
        sched_yield();
    }
    return i;
}

static void on_proved(struct proof_call *call, enum proof_outcome outcome,
                      const struct proof_certificate *certificate)
{
    struct proved *proved = (struct proved *)call;
    proved->n_done++;
    proved->outcome = outcome;
    proved->certificate = *certificate;
}

static struct proved prove(const struct proof_params *params, const char *name, const char *to)
{
    struct proved proved = {.call = {.on_done = on_proved}};
    struct prover *prover = prover_new(params, &rig.port);
    ck_assert_ptr_nonnull(prover);
    ck_assert_int_eq(proof_start(prover, name, to, &proved.call), 0);
    uint64_t until_us = real_now_us(NULL) + 2 * PATIENCE_MS * 1000;
    while (proved.n_done == 0) {
        ck_assert_uint_lt(real_now_us(NULL), until_us);
        turn();
    }
    prover_free(prover);
    return proved;
}

static const char *ca_path(const char *file)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s.pem", folder, file);
    return path;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static void set_up(void)
{
    plain_rig_set_up();
    const char *detail;
    ck_assert_int_eq(curl_exchange_global_init(&detail), 0);
    snprintf(folder, sizeof folder, "/tmp/httpdnsd-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    n_servers = 0;
    if (reason[0] == '\0') {
        make_ca("good");
    }
}

static void tear_down(void)
{
    for (size_t i = 0; i < n_servers; i++) {
        kill(servers[i], SIGKILL);
        waitpid(servers[i], NULL, 0);
    }
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    curl_exchange_global_done();
    plain_rig_tear_down();
}

START_TEST(a_certificate_of_the_name_holds_and_is_told)
{
    if (reason[0] != '\0') {
        printf("skipped: TLS proofs: %s\n", reason);
        return;
    }
    make_leaf("leaf", "www.bank.example", "good", from_now);
    struct proof_params params = {.ca_file = ca_path("good"), .root = folder};
    struct proved proved = prove(&params, "www.bank.example", address[serve("leaf")]);
    ck_assert_int_eq(proved.outcome, PROOF_OK);
    ck_assert_ptr_nonnull(strstr(proved.certificate.subject, "www.bank.example"));
    ck_assert_ptr_nonnull(strstr(proved.certificate.issuer, "good CA"));
    char wanted[128];
    run("openssl x509 -in leaf.pem -outform der | sha256sum | cut -c1-64 >wanted");
    snprintf(wanted, sizeof wanted, "%s/wanted", folder);
    FILE *file = fopen(wanted, "r");
    ck_assert(fgets(wanted, sizeof wanted, file) != NULL);
    fclose(file);
    wanted[64] = '\0';
    ck_assert_str_eq(proved.certificate.sha256, wanted);
}
END_TEST

START_TEST(another_name_another_root_and_an_old_certificate_are_told_apart)
{
    if (reason[0] != '\0') {
        return;
    }
    make_ca("evil");
    make_leaf("other", "block.isp.example", "good", from_now);
    make_leaf("forged", "www.bank.example", "evil", from_now);
    make_leaf("old", "www.bank.example", "good", ended);
    struct proof_params params = {.ca_file = ca_path("good"), .root = folder};
    struct proved proved = prove(&params, "www.bank.example", address[serve("other")]);
    ck_assert_int_eq(proved.outcome, PROOF_WRONG_NAME);
    ck_assert_ptr_nonnull(strstr(proved.certificate.subject, "block.isp.example"));
    ck_assert_uint_eq(strlen(proved.certificate.sha256), 64);
    proved = prove(&params, "www.bank.example", address[serve("forged")]);
    ck_assert_int_eq(proved.outcome, PROOF_UNTRUSTED);
    ck_assert_ptr_nonnull(strstr(proved.certificate.issuer, "evil CA"));
    proved = prove(&params, "www.bank.example", address[serve("old")]);
    ck_assert_int_eq(proved.outcome, PROOF_EXPIRED);
}
END_TEST

START_TEST(nobody_there_says_nothing_of_who_is_there)
{
    struct proof_params params = {.root = folder};
    struct proved proved = prove(&params, "www.bank.example", "127.0.0.2");
    ck_assert_int_eq(proved.outcome, PROOF_FAILED);
    ck_assert_str_eq(proved.certificate.sha256, "");
}
END_TEST

START_TEST(what_holds_only_by_a_root_added_here_is_told_as_that)
{
    if (reason[0] != '\0') {
        return;
    }
    make_ca("added");
    make_leaf("inspected", "www.bank.example", "added", from_now);
    make_leaf("leaf", "www.bank.example", "good", from_now);
    run("mkdir -p usr/local/share/ca-certificates usr/share/ca-certificates/mozilla etc && "
        "cp added.pem usr/local/share/ca-certificates/added.crt && "
        "cp good.pem usr/share/ca-certificates/mozilla/good.crt && "
        "printf '# made\\nmozilla/good.crt\\n!mozilla/gone.crt\\n' >etc/ca-certificates.conf && "
        "cat added.pem good.pem >both.pem");
    struct proof_params params = {.ca_file = ca_path("both"), .root = folder};
    size_t inspected = serve("inspected"), leaf = serve("leaf");
    struct proved proved = prove(&params, "www.bank.example", address[inspected]);
    ck_assert_int_eq(proved.outcome, PROOF_LOCAL_ROOT);
    proved = prove(&params, "www.bank.example", address[leaf]);
    ck_assert_int_eq(proved.outcome, PROOF_OK);
}
END_TEST

START_TEST(no_more_than_two_are_under_way_and_each_can_be_cancelled)
{
    struct proof_params params = {.root = folder};
    struct prover *prover = prover_new(&params, &rig.port);
    struct proved proved[3] = {{.call = {.on_done = on_proved}},
                               {.call = {.on_done = on_proved}},
                               {.call = {.on_done = on_proved}}};
    ck_assert_int_eq(proof_start(prover, "a.example", "127.0.0.2", &proved[0].call), 0);
    ck_assert_int_eq(proof_start(prover, "a.example", "127.0.0.2", &proved[1].call), 0);
    ck_assert_int_eq(proof_start(prover, "a.example", "127.0.0.2", &proved[2].call), -EBUSY);
    proof_cancel(prover, &proved[0].call);
    proof_cancel(prover, &proved[1].call);
    proof_cancel(prover, &proved[2].call);
    prover_free(prover);
    ck_assert_uint_eq(proved[0].n_done + proved[1].n_done, 0);
}
END_TEST

int main(void)
{
    if (geteuid() != 0) {
        snprintf(reason, sizeof reason, "only root may listen on port 443");
    } else if (system("openssl version >/dev/null 2>&1") != 0) {
        snprintf(reason, sizeof reason, "openssl is not installed");
    }
    const TTest *const tests[] = {
        a_certificate_of_the_name_holds_and_is_told,
        another_name_another_root_and_an_old_certificate_are_told_apart,
        nobody_there_says_nothing_of_who_is_there,
        what_holds_only_by_a_root_added_here_is_told_as_that,
        no_more_than_two_are_under_way_and_each_can_be_cancelled,
    };
    return suite_run("proof", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
