/* SPDX-License-Identifier: MIT */
/* A provider over HTTPS that misbehaves and costs next to nothing, so that on a machine of two
 * cores what clients feel is the daemon's doing, and not the provider's.
 *
 * usage: bench_bad PORT CERTIFICATE KEY HOW       on 127.0.0.1; HOW is one of
 *     refuse    resets each stream with REFUSED_STREAM
 *     servfail  answers SERVFAIL
 *     close     answers, and ends the connection after each reply
 *
 * It reads of HTTP/2 (RFC 9113) what a client that POSTs needs. Only for benches: it ends by a
 * signal, believes that there is memory, and a thread serves a connection. */
#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>

enum frame_type { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY };
enum {
    END_STREAM = 1,
    ACK = 1,
    END_HEADERS = 4,
    PADDED = 8,
    WINDOW_UPDATE = 8,
    REFUSED_STREAM = 7,
    FRAME_HEADER = 9,
    FRAME_MAX = 16384,
    PREFACE = 24,
    HEADER = 12, /* of a DNS message */
};

enum how { REFUSE, SERVFAIL, CLOSE };
static const char *const hows[] = {"refuse", "servfail", "close"};
static enum how how;

struct connection {
    SSL *tls;
    uint8_t said[2 * FRAME_MAX];
    size_t n_said;
    bool replied;
};

struct frame {
    size_t n;
    uint8_t type, flags;
    uint32_t stream;
    uint8_t body[FRAME_MAX];
};

static void say(struct connection *c, const void *octets, size_t n)
{
    assert(n <= sizeof c->said - c->n_said);
    memcpy(c->said + c->n_said, octets, n);
    c->n_said += n;
}

static void say_frame(struct connection *c, uint8_t type, uint8_t flags, uint32_t stream,
                      const void *body, size_t n)
{
    uint8_t header[FRAME_HEADER] = {(uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n, type, flags};
    uint32_t id = htonl(stream);
    memcpy(header + 5, &id, sizeof id);
    say(c, header, sizeof header);
    say(c, body, n);
}

/* The question's address is 192.0.2.1. */
static size_t write_answer(const struct frame *query, uint8_t *out)
{
    static const uint8_t record[] = {0xc0, 0x0c, 0, 1, 0, 1, 0, 1, 0, 0, 0, 4, 192, 0, 2, 1};
    size_t n = HEADER;
    while (n < query->n && query->body[n] != 0) {
        n += 1 + (size_t)query->body[n];
    }
    n += 5; /* the root, type, class */
    assert(n <= query->n);
    memcpy(out, query->body, n);
    out[2] |= 0x80;
    out[3] = how == SERVFAIL ? 0x82 : 0x80;
    memset(out + 6, 0, 6);
    if (how == SERVFAIL) {
        return n;
    }
    out[7] = 1;
    memcpy(out + n, record, sizeof record);
    return n + sizeof record;
}

static void refuse(struct connection *c, const struct frame *frame)
{
    static const uint8_t refused[4] = {0, 0, 0, REFUSED_STREAM};
    say_frame(c, RST_STREAM, 0, frame->stream, refused, sizeof refused);
}

/* A query comes in one frame; that a stream ends may stand in the next. */
static void answer(struct connection *c, const struct frame *query)
{
    /* RFC 7541: :status 200, and content-type, name 31 of the static table, spelled out */
    static const uint8_t fields[] = "\x88\x0f\x10\x17"
                                    "application/dns-message";
    uint8_t message[FRAME_MAX];
    uint32_t used = htonl((uint32_t)query->n);
    assert((query->flags & PADDED) == 0);
    say_frame(c, WINDOW_UPDATE, 0, 0, &used, sizeof used);
    say_frame(c, HEADERS, END_HEADERS, query->stream, fields, sizeof fields - 1);
    say_frame(c, DATA, END_STREAM, query->stream, message, write_answer(query, message));
    c->replied = true;
}

static void on_frame(struct connection *c, const struct frame *frame)
{
    if (frame->type == HEADERS && how == REFUSE) {
        refuse(c, frame);
    } else if (frame->type == DATA && frame->n > 0 && how != REFUSE) {
        answer(c, frame);
    } else if (frame->type == SETTINGS && (frame->flags & ACK) == 0) {
        say_frame(c, SETTINGS, ACK, 0, "", 0);
    } else if (frame->type == PING && (frame->flags & ACK) == 0) {
        say_frame(c, PING, ACK, 0, frame->body, frame->n);
    }
}

static bool take(struct connection *c, void *octets, size_t n)
{
    size_t got = 0;
    while (n > 0 && SSL_read_ex(c->tls, octets, n, &got) == 1) {
        octets = (uint8_t *)octets + got;
        n -= got;
    }
    return n == 0;
}

static bool read_frame(struct connection *c, struct frame *frame)
{
    uint8_t header[FRAME_HEADER];
    uint32_t id;
    if (!take(c, header, sizeof header)) {
        return false;
    }
    frame->n = (size_t)header[0] << 16 | (size_t)header[1] << 8 | header[2];
    frame->type = header[3];
    frame->flags = header[4];
    memcpy(&id, header + 5, sizeof id);
    frame->stream = ntohl(id) & INT32_MAX;
    return frame->n <= sizeof frame->body && take(c, frame->body, frame->n);
}

static bool flush(struct connection *c)
{
    size_t n = 0;
    bool sent = c->n_said == 0 || SSL_write_ex(c->tls, c->said, c->n_said, &n) == 1;
    c->n_said = 0;
    return sent;
}

static void *serve(void *arg)
{
    struct connection *c = calloc(1, sizeof *c);
    struct frame *frame = malloc(sizeof *frame);
    uint8_t preface[PREFACE];
    assert(c != NULL && frame != NULL);
    c->tls = arg;
    bool on = SSL_accept(c->tls) == 1 && take(c, preface, sizeof preface);
    if (on) {
        say_frame(c, SETTINGS, 0, 0, "", 0);
    }
    while (on && flush(c) && !(how == CLOSE && c->replied) && read_frame(c, frame)) {
        on_frame(c, frame);
    }
    SSL_shutdown(c->tls);
    close(SSL_get_fd(c->tls));
    SSL_free(c->tls);
    free(frame);
    free(c);
    return NULL;
}

static int select_h2(SSL *tls, const unsigned char **ret_protocol, unsigned char *ret_n,
                     const unsigned char *offered, unsigned n_offered, void *ctx)
{
    (void)tls;
    (void)offered;
    (void)n_offered;
    (void)ctx;
    *ret_protocol = (const unsigned char *)"h2";
    *ret_n = 2;
    return SSL_TLSEXT_ERR_OK;
}

static int listen_on(uint16_t port)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&here, sizeof here) < 0 || listen(fd, 128) < 0) {
        perror("bench_bad: listen");
        exit(1);
    }
    return fd;
}

static bool read_how(const char *text)
{
    for (size_t i = 0; i < sizeof hows / sizeof hows[0]; i++) {
        if (strcmp(text, hows[i]) == 0) {
            how = (enum how)i;
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    if (argc != 5 || !read_how(argv[4])) {
        fprintf(stderr, "usage: bench_bad PORT CERTIFICATE KEY refuse|servfail|close\n");
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    if (tls == NULL || SSL_CTX_use_certificate_chain_file(tls, argv[2]) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, argv[3], SSL_FILETYPE_PEM) != 1) {
        fprintf(stderr, "bench_bad: certificate or key cannot be used\n");
        return 1;
    }
    SSL_CTX_set_alpn_select_cb(tls, select_h2, NULL);
    int listener = listen_on((uint16_t)strtoul(argv[1], NULL, 10));
    for (;;) {
        pthread_t thread;
        int fd = accept(listener, NULL, NULL);
        SSL *one = SSL_new(tls);
        assert(fd >= 0 && one != NULL);
        SSL_set_fd(one, fd);
        int error = pthread_create(&thread, NULL, serve, one);
        assert(error == 0);
        pthread_detach(thread);
    }
}
