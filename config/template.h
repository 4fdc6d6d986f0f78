/* SPDX-License-Identifier: MIT */
/* URI templates (RFC 6570, up to level 3) of Oblivious DoH relays: RFC 9230 §4.1 wants exactly the
 * variables targethost and targetpath, once each, in the path or the query. */
#ifndef CONFIG_TEMPLATE_H
#define CONFIG_TEMPLATE_H

enum { TEMPLATE_URL_MAX = 1024 };

/* Whom the relay is to forward to: host[:port], and /path. */
struct template_target {
    const char *host, *path;
};

/* Writes the relay's URL for this target. NULL when all is well, else what is wrong with the
 * template. */
const char *template_expand(const char *text, const struct template_target *target,
                            char ret_url[TEMPLATE_URL_MAX]);

#endif
