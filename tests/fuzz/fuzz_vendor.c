/* SPDX-License-Identifier: MIT */
/* Any octets as a vendor's JSON; the first says whose, of which status, for which family. */
#include "tests/fuzz/driving.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct driver *const drivers[] = {
        &driver_aliyun, &driver_aliyun2, &driver_aliyun2, &driver_volc,
        &driver_baidu,  &driver_generic, &driver_alidns,  &driver_aliyun,
    };
    static const unsigned statuses[] = {200, 403, 500, 404};
    static const struct provider_params provider = {
        .endpoint = {.url = "https://x"},
        .account = {.id = "1", .cipher_key = {.text = "000102030405060708090a0b0c0d0e0f"}},
        .template = {.addresses = {{"/ips", "/data/0/ip"}, 2}, .ttl = "/ttl", .code = "/code"}};
    if (size >= 1) {
        uint16_t type = (data[0] & 32) != 0 ? TYPE_AAAA : TYPE_A;
        drive(drivers[data[0] & 7], &provider, type, statuses[data[0] >> 3 & 3],
              bytes_of(data + 1, size - 1));
    }
    return 0;
}
