/* SPDX-License-Identifier: MIT */
#include "daemon/lacks.h"

#include "daemon/log.h"
#include "resolver/upstream/curl/curl.h"

void lacks_say(const struct config *config)
{
    for (size_t i = 0; i < config->n_providers && !curl_exchange_has_http3(); i++) {
        const struct provider_params *p = &config->providers[i];
        if (p->endpoint.http3) {
            log_say(LOG_LEVEL_WARNING,
                    "provider '%.64s': http3 has no effect, because the installed libcurl cannot "
                    "speak HTTP/3: install one that can, or leave http3 out",
                    p->name);
        }
    }
}
