/* SPDX-License-Identifier: MIT */
/* Connections over socket pairs of the kernel, with a resolver that does what the message says: in
 * place of resolver/resolver.c. */
#ifndef TESTS_UNIT_STREAM_WORLD_H
#define TESTS_UNIT_STREAM_WORLD_H

#include "daemon/stream.h"

#include <sys/un.h>

/* The octet behind the header of a message: what the resolver makes of it. */
enum { AT_ONCE = 'e', LATER = 'l', DROP = 'd', GARBLED = 'g', LARGE = 'x' };
enum { LARGE_OCTETS = 60000, WAITING_MAX = 512, MESSAGE_OCTETS = 45, IN_FLIGHT = 100, S = 1000 };

struct stream_world {
    struct loop loop;
    struct stream_server *server;
    struct stream_listener *listener;
    struct sockaddr_un address;
    atomic_uint n_connections;
    struct listen_params limits;
    struct traffic traffic[TRAFFIC_TRANSPORTS];
    unsigned n_empty;
    struct resolver_client waiting[WAITING_MAX];
    uint16_t waiting_id[WAITING_MAX];
    size_t n_waiting;
    size_t n_asked;
};

extern struct stream_world stream_world;

void stream_world_set_up(void);
/* Checks the sum of what came and went as well (PROMISES §5.1). */
void stream_world_tear_down(void);

/* The oldest waiting question gets its reply: its ID. */
void answer_one(void);
/* Turns the loop until nothing happens any more. */
void settle(void);

int connect_client(void);
/* A frame of the given kind and ID, behind `at`. Returns its octets. */
size_t put_frame(uint8_t *at, uint8_t kind, uint16_t id);
void send_frame(int fd, uint8_t kind, uint16_t id);
void send_part(int fd, const uint8_t *at, size_t n);
/* What the client can read at once; 0: nothing, -1: the end. */
ssize_t receive(int fd, uint8_t *at, size_t n);
/* Turns the loop until the client sees the end; how long that took. */
double wait_for_end_s(int fd, const uint8_t *trickle);

#endif
