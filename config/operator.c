/* SPDX-License-Identifier: MIT */
#include "config/operator.h"

#include <arpa/inet.h>
#include <ctype.h>

#include <libpsl.h>

enum { HOST_MAX = 256 };

/* Small letters and a NUL, without the root's dot; false when it is too long for a name. */
static bool fold(struct bytes host, char ret_text[HOST_MAX])
{
    if (host.n > 0 && host.at[host.n - 1] == '.') {
        host.n--;
    }
    if (host.n >= HOST_MAX) {
        return false;
    }
    for (size_t i = 0; i < host.n; i++) {
        ret_text[i] = (char)tolower(host.at[i]);
    }
    ret_text[host.n] = '\0';
    return true;
}

/* lends the registrable domain of a name; all of it where there is none. */
static const char *domain_of(const char *host)
{
    struct in_addr at;
    const psl_ctx_t *list = psl_builtin();
    const char *domain = NULL;
    if (list != NULL && host[0] != '[' && inet_pton(AF_INET, host, &at) != 1) {
        domain = psl_registrable_domain(list, host);
    }
    return domain != NULL ? domain : host;
}

bool operator_is_same(struct bytes host, struct bytes other)
{
    char a[HOST_MAX], b[HOST_MAX];
    return fold(host, a) && fold(other, b) && strcmp(domain_of(a), domain_of(b)) == 0;
}
