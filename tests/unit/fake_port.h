/* SPDX-License-Identifier: MIT */
/* A port with a virtual clock, dice with a seed, and descriptors that are ready when the test says.
 */
#ifndef TESTS_UNIT_FAKE_PORT_H
#define TESTS_UNIT_FAKE_PORT_H

#include "resolver/port.h"

enum { FAKE_PORT_WALL_S = 1700000000 }; /* the wall clock where the virtual one is 0 */

struct fake_port {
    struct port port; /* first */
    uint64_t now_us;
    uint64_t wake_us; /* what was asked for last */
    uint64_t dice;
    struct port_watch *watches;
};

void fake_port_init(struct fake_port *fake, uint64_t seed);
/* Time passes: timers that come due fire in order, each at its own time. */
void fake_port_advance(struct fake_port *fake, uint64_t us);
/* `fd` is ready: calls its watch, if there is one that wants these events. True when called. */
bool fake_port_ready(struct fake_port *fake, int fd, unsigned events);

#endif
