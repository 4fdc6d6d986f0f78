/* SPDX-License-Identifier: MIT */
#include "resolver/audit/turn.h"

#include <stdio.h>

void turn_set(struct turn *turn, const char *const *servers, size_t n)
{
    *turn = (struct turn){.n = n < AUDIT_SERVERS_MAX ? n : AUDIT_SERVERS_MAX};
    for (size_t i = 0; i < turn->n; i++) {
        snprintf(turn->servers[i], sizeof turn->servers[i], "%s", servers[i]);
    }
}

static bool may_turn(const struct turn *turn, size_t i)
{
    return i < turn->n && (turn->loops & 1u << i) == 0;
}

const char *turn_now(const struct turn *turn)
{
    return may_turn(turn, turn->at) ? turn->servers[turn->at] : NULL;
}

static void go_on(struct turn *turn)
{
    for (size_t i = 1; i <= turn->n; i++) {
        size_t next = (turn->at + i) % turn->n;
        if (may_turn(turn, next)) {
            turn->at = next;
            return;
        }
    }
}

void turn_pass(struct turn *turn, const char *server)
{
    const char *now = turn_now(turn);
    if (now != NULL && strcmp(server, now) == 0) {
        go_on(turn);
    }
}

void turn_leave_out(struct turn *turn, const char *server)
{
    for (size_t i = 0; i < turn->n; i++) {
        if (strcmp(turn->servers[i], server) == 0) {
            turn->loops |= 1u << i;
        }
    }
    if (turn_now(turn) == NULL) {
        go_on(turn);
    }
}

void turn_forgive(struct turn *turn)
{
    turn->loops = 0;
}
