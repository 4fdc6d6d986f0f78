/* SPDX-License-Identifier: MIT */
/* Any text as a configuration: it is refused with a reason, or taken; what is taken prints as a
 * configuration that is taken again and prints the same. */
#include "config/config.h"

#include <assert.h>
#include <stdlib.h>

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
