/* SPDX-License-Identifier: MIT */
/* Any octets as an answer and as the keys that are to verify it. Two octets say how long the
 * answer is; the keys are behind it. The zone is that of tests/unit/signed.h. */
#include "resolver/presentation/verify.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct question question = {.type = TYPE_A, .class = CLASS_IN};
    struct name signer, found;
    int failure = name_from_text("www.signed.example.net", &question.name);
    failure = failure < 0 ? failure : name_from_text("signed.example.net", &signer);
    assert(failure == 0);
    size_t n = size >= 2 ? bytes_read_u16(data) : 0, left = size >= 2 ? size - 2 : 0;
    n = n < left ? n : left;
    struct bytes message = bytes_of(data + size - left, n);
    struct bytes keys = bytes_of(message.at + n, left - n);
    struct verify_wish wish = {&question, message, &signer, &keys, 1, 1800000000};
    struct verify_result result;
    verify_answer(&wish, &result);
    bool fits = result.outcome == VERIFY_VALID || result.outcome == VERIFY_EXPIRED;
    assert(fits || (result.original_ttl_s == 0 && result.inception_s == 0));
    if (verify_signer(message, &question, &found)) {
        assert(name_within(&question.name, &found));
    }
    return 0;
}
