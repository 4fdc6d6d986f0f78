/* SPDX-License-Identifier: MIT */
#include "daemon/outlets.h"

#include "daemon/log.h"

#include <errno.h>
#include <inttypes.h>

enum { MEND_MAX = 240 };

static bool may_not(int error)
{
    return error == EPERM || error == EACCES;
}

/* What to do about it. The capability counts in the host's own user namespace alone. */
static void mend(const struct exchange_road *road, enum outlet_trouble trouble, int error,
                 char out[MEND_MAX])
{
    out[0] = '\0';
    switch (trouble) {
    case OUTLET_OPEN:
        break;
    case OUTLET_MARK:
        snprintf(out, MEND_MAX,
                 "give the service AmbientCapabilities=CAP_NET_ADMIN, "
                 "CapabilityBoundingSet=CAP_NET_ADMIN and PrivateUsers=no, or remove 'mark: "
                 "%" PRIu32 "'",
                 road->mark);
        break;
    case OUTLET_INTERFACE:
        snprintf(out, MEND_MAX, "%s, or mend 'interface: %s'",
                 may_not(error) ? "give the service AmbientCapabilities=CAP_NET_RAW, "
                                  "CapabilityBoundingSet=CAP_NET_RAW and PrivateUsers=no"
                                : "it is tried again when it comes up",
                 road->interface);
        break;
    case OUTLET_SOURCE:
        snprintf(out, MEND_MAX,
                 "it is tried again when this host has that address, or mend 'source-address: %s'",
                 road->source);
        break;
    }
}

void outlets_forget(struct outlets *outlets)
{
    *outlets = (struct outlets){0};
}

static void look(const struct provider_params *p, enum outlet_trouble *told)
{
    char words[OUTLET_TEXT_MAX], way[MEND_MAX];
    int error;
    enum outlet_trouble trouble = outlet_try(&p->endpoint.road, &error);
    if (trouble == *told) {
        return;
    }
    *told = trouble;
    if (trouble == OUTLET_OPEN) {
        log_say(LOG_LEVEL_INFO, "provider '%.64s': its way out is open now", p->name);
        return;
    }
    outlet_words(&p->endpoint.road, trouble, error, words);
    mend(&p->endpoint.road, trouble, error, way);
    log_say(LOG_LEVEL_ERROR, "provider '%.64s' cannot be asked: %s: %s", p->name, words, way);
}

void outlets_look(struct outlets *outlets, const struct config *config)
{
    for (size_t i = 0; i < config->n_providers; i++) {
        look(&config->providers[i], &outlets->told[i]);
    }
}
