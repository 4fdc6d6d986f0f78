/* SPDX-License-Identifier: MIT */
/* Any octets as a file of a network program; the first says as which. Every server taken is one
 * that can be asked and is not a loopback stub, and is taken once; every interface is a short text.
 */
#include "resolver/audit/address.h"
#include "resolver/audit/local.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct local_resolver *one)
{
    struct address address;
    assert(strnlen(one->text, sizeof one->text) < sizeof one->text);
    assert(strnlen(one->interface, sizeof one->interface) < sizeof one->interface);
    assert(plain_server_is_valid(one->text));
    assert(address_from_server(one->text, &address));
    assert(!address_is_loopback(&address) && !address_is_unspecified(&address));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct local_resolvers found = {.n = 0};
    enum source_format format = (enum source_format)(data[0] % (SOURCE_ROUTES_V6 + 1));
    local_read(format, bytes_of(data + 1, size - 1), &found);
    assert(found.n <= LOCAL_MAX);
    for (size_t i = 0; i < found.n; i++) {
        check(&found.at[i]);
        for (size_t k = 0; k < i; k++) {
            assert(strcmp(found.at[i].text, found.at[k].text) != 0);
        }
    }
    return 0;
}
