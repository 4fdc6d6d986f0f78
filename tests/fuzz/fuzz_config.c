/* SPDX-License-Identifier: MIT */
/* Any text as a configuration: it is refused with a reason, or taken; what is taken prints as a
 * configuration that is taken again and prints the same. */
#include "config/config.h"

#include <assert.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>

/* In place of the C library's: what the kernel is asked for each text with a provider's address
 * takes half of the time, and every host would judge a text differently. */
int getifaddrs(struct ifaddrs **ret_all);
void freeifaddrs(struct ifaddrs *all);

int getifaddrs(struct ifaddrs **ret_all)
{
    static struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
                                     .sin6_addr.s6_addr = {0xfd, [15] = 1}};
    static struct sockaddr_in v4 = {.sin_family = AF_INET};
    static struct ifaddrs second = {.ifa_addr = (struct sockaddr *)&v6};
    static struct ifaddrs first = {.ifa_next = &second, .ifa_addr = (struct sockaddr *)&v4};
    v4.sin_addr.s_addr = htonl(0xc0a80101);
    *ret_all = &first;
    return 0;
}

void freeifaddrs(struct ifaddrs *all)
{
    (void)all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *print(const struct config *config, size_t *ret_n)
{
    char *text = NULL;
    FILE *to = open_memstream(&text, ret_n);
    assert(to != NULL);
    config_print(config, to);
    fclose(to);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config_errors errors;
    struct config *config, *again;
    if (config_parse(bytes_of(data, size), &config, &errors) < 0) {
        assert(errors.n > 0);
        return 0;
    }
    size_t n, n_again;
    char *text = print(config, &n);
    int failure = config_parse(bytes_of(text, n), &again, &errors);
    assert(failure == 0);
    char *text_again = print(again, &n_again);
    assert(n == n_again && memcmp(text, text_again, n) == 0);
    free(text);
    free(text_again);
    config_free(config);
    config_free(again);
    return 0;
}
