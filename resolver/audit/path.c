/* SPDX-License-Identifier: MIT */
#include "resolver/audit/path.h"

#include "resolver/audit/case.h"
#include "resolver/audit/network.h"

#include <assert.h>
#include <stdio.h>

/* RFC 5737: one of each network. */
static const char *const nowhere[JUDGE_INJECTION_TRIES] = {"192.0.2.1", "198.51.100.1",
                                                           "203.0.113.1"};

static struct path_probe *probe_of(struct race *race)
{
    return race->ctx;
}

static void on_race(struct race *race)
{
    struct path_probe *probe = probe_of(race);
    struct judge_path_try *one = &probe->evidence.tries[race - probe->races];
    one->replied = race->n_replies > 0;
    one->icmp = race->n_icmp > 0;
    assert(probe->n_waiting > 0);
    if (--probe->n_waiting == 0) {
        probe->evidence.network = network_of(probe->asker, probe->server);
        probe->judgement = judge_path(&probe->evidence);
        probe->on_end(probe);
    }
}

/* A network that uses documentation addresses itself may have a resolver at one. */
static bool is_no_documentation(const struct address *own)
{
    return !address_is_bogon(own) || address_is_private(own);
}

bool path_begin(struct path_probe *probe, const char *server)
{
    struct question question;
    assert(probe->n_waiting == 0);
    snprintf(probe->server, sizeof probe->server, "%s", server);
    case_control_question(&question);
    probe->evidence = (struct judge_path){.n_tries = JUDGE_INJECTION_TRIES};
    for (size_t i = 0; i < JUDGE_INJECTION_TRIES; i++) {
        bool good = address_from_server(nowhere[i], &probe->evidence.tries[i].target);
        assert(good);
        probe->races[i].on_done = on_race;
        probe->races[i].ctx = probe;
        probe->races[i].may_send = is_no_documentation;
        probe->n_waiting +=
            race_start(&probe->races[i], probe->asker->port, nowhere[i], &question) == 0;
    }
    return probe->n_waiting > 0;
}

void path_stop(struct path_probe *probe)
{
    for (size_t i = 0; i < JUDGE_INJECTION_TRIES && probe->n_waiting > 0; i++) {
        race_cancel(&probe->races[i]);
    }
    probe->n_waiting = 0;
}
