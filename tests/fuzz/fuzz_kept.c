/* SPDX-License-Identifier: MIT */
/* The file of kept addresses: what is read is written and read back the same. */
#include "resolver/upstream/kept.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kept *kept = malloc(sizeof *kept), *again = malloc(sizeof *again);
    char *text = malloc(KEPT_TEXT_MAX);
    if (kept != NULL && again != NULL && text != NULL && kept_read(bytes_of(data, size), kept)) {
        size_t n = kept_write(kept, text);
        assert(n <= KEPT_TEXT_MAX);
        assert(kept_read(bytes_of(text, n), again));
        assert(again->n == kept->n);
    }
    free(kept);
    free(again);
    free(text);
    return 0;
}
