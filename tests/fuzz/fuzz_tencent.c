/* SPDX-License-Identifier: MIT */
/* Any octets as Tencent's text, in clear and as what a cipher hides; the first says which. */
#include "tests/fuzz/driving.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct provider_params clear = {.endpoint = {.url = "https://x"}};
    static const struct provider_params aes = {
        .endpoint = {.url = "https://x"},
        .account = {.cipher = CIPHER_AES, .cipher_key = {.text = "0123456789abcdef"}}};
    static const struct provider_params des = {
        .endpoint = {.url = "https://x"},
        .account = {.cipher = CIPHER_DES, .cipher_key = {.text = "dnspodpass"}}};
    static const struct provider_params *const providers[] = {&clear, &aes, &des, &clear};
    if (size >= 1) {
        uint16_t type = (data[0] & 4) != 0 ? TYPE_AAAA : TYPE_A;
        drive(&driver_tencent, providers[data[0] & 3], type, 200, bytes_of(data + 1, size - 1));
    }
    return 0;
}
