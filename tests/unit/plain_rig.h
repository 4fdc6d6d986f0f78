/* SPDX-License-Identifier: MIT */
/* c-ares behind its door, on a port of poll(2), with a DNS server of the test on loopback. Real
 * time: no step sleeps, each waits for what must come. */
#ifndef TESTS_UNIT_PLAIN_RIG_H
#define TESTS_UNIT_PLAIN_RIG_H

#include "resolver/plain.h"

#include <netinet/in.h>

enum { WATCHES_MAX = 256, PATIENCE_MS = 5000 };

struct port_watch {
    bool used;
    int fd;
    unsigned events;
    void (*on_ready)(void *ctx, int fd, unsigned events);
    void *ctx;
};

/* A port on poll(2). */
struct plain_rig {
    struct port port;
    uint64_t wake_at_us;
    struct port_watch watches[WATCHES_MAX];
    struct plain *plain;
    struct question question;

    int udp, tcp, connection;
    char server[64];
    /* What the server does with a query. */
    void (*serve)(const uint8_t *query, size_t n);
    struct sockaddr_in client;
    size_t n_served;
    uint16_t client_ports[512];
    uint8_t query[600];
    size_t n_query;
};

extern struct plain_rig rig;

/* A call and what came of it. */
struct asked {
    struct plain_call call;
    unsigned n_done;
    enum plain_result result;
    uint8_t message[5000];
    size_t n_message;
    uint32_t rtt_us;
};

void plain_rig_set_up(void);
void plain_rig_tear_down(void);
uint64_t real_now_us(struct port *port);
/* One turn of the loop: what is ready, what is due. */
void turn(void);
/* For asked->call.on_done. */
void on_done(struct plain_call *call, enum plain_result result, struct bytes message,
             uint32_t rtt_us);
int ask(struct asked *asked, const char *server, bool tcp, uint32_t timeout_ms);
void wait_for(struct asked *asked);
int bind_loopback(int type, struct sockaddr_in *address);
struct sockaddr_in loopback(void);
size_t n_watches(void);
/* The server sends. */
void send_to_client(const void *at, size_t n);
/* The query sent back as a response with these flags; its OPT stays in it. */
void send_echo(const uint8_t *query, size_t n, uint16_t id, uint16_t flags);

#endif
