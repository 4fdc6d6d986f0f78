/* SPDX-License-Identifier: MIT */
#include "tests/unit/fake_race.h"

#include <assert.h>
#include <stdlib.h>

void (*fake_race_respond)(const char *server, const struct question *question, struct race *race);
int fake_race_failure;
size_t fake_race_n_live;

struct fake {
    struct race *race;
    struct port *port;
    struct port_timer timer;
};

static void end(struct fake *fake)
{
    port_timer_stop(fake->port, &fake->timer);
    fake->race->handle = NULL;
    fake_race_n_live--;
    free(fake);
}

static void on_timer(struct port_timer *timer)
{
    struct fake *fake = (struct fake *)(void *)((char *)timer - offsetof(struct fake, timer));
    struct race *race = fake->race;
    end(fake);
    race->on_done(race);
}

int race_start(struct race *race, struct port *port, const char *server,
               const struct question *question)
{
    if (fake_race_failure < 0) {
        return fake_race_failure;
    }
    struct fake *fake = calloc(1, sizeof *fake);
    assert(fake != NULL);
    *fake = (struct fake){.race = race, .port = port, .timer = {.on_fire = on_timer}};
    race->n_replies = race->n_copies = race->n_strange = race->n_icmp = 0;
    fake_race_respond(server, question, race);
    race->handle = fake;
    fake_race_n_live++;
    return port_timer_start(port, &fake->timer,
                            port_now_us(port) + RACE_WINDOW_MS * UINT64_C(1000));
}

void race_cancel(struct race *race)
{
    if (race->handle != NULL) {
        end(race->handle);
    }
}
