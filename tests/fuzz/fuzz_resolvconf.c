/* SPDX-License-Identifier: MIT */
/* Any octets as resolv.conf(5). Every server taken is one that can be asked, is not a loopback
 * stub, stands in the text, and is taken once. */
#include "resolver/audit/address.h"
#include "resolver/audit/local.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_server(struct bytes text, const char *server)
{
    struct address address;
    assert(strnlen(server, PLAIN_SERVER_TEXT_MAX) < PLAIN_SERVER_TEXT_MAX);
    assert(plain_server_is_valid(server));
    assert(address_from_server(server, &address));
    assert(!address_is_loopback(&address) && !address_is_unspecified(&address));
    assert(memmem(text.at, text.n, server, strlen(server)) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = bytes_of(data, size);
    struct local_resolvers found = {.n = 0};
    local_read(SOURCE_RESOLV_CONF, text, &found);
    assert(found.n <= LOCAL_MAX);
    for (size_t i = 0; i < found.n; i++) {
        check_server(text, found.at[i].text);
        for (size_t k = 0; k < i; k++) {
            assert(strcmp(found.at[i].text, found.at[k].text) != 0);
        }
    }
    return 0;
}
