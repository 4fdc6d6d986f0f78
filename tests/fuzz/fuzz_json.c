/* SPDX-License-Identifier: MIT */
/* Any octets as a JSON answer; the first two are the type asked for. */
#include "tests/fuzz/driving.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct provider_params provider = {.endpoint = {.url = "https://x"},
                                                    .trust_ad = true};
    if (size >= 2) {
        drive(&driver_json, &provider, bytes_read_u16(data), 200, bytes_of(data + 2, size - 2));
    }
    return 0;
}
