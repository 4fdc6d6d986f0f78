/* SPDX-License-Identifier: MIT */
/* A stamp from a configuration, or a template of a relay: whatever is taken can stand in a URL. */
#include "config/stamp.h"
#include "config/template.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
    for (; *text != '\0'; text++) {
        assert(*text > ' ' && *text < 0x7f && *text != '"');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct template_target target = {"t.example", "/q"};
    struct stamp stamp;
    char url[TEMPLATE_URL_MAX];
    char *text = malloc(size + 1);
    assert(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    if (stamp_read(text, &stamp) == NULL) {
        assert(stamp.host[0] != '\0' && stamp.path[0] == '/');
        check_text(stamp.host);
        check_text(stamp.path);
        check_text(stamp.address);
    }
    if (template_expand(text, &target, url) == NULL) {
        assert(strlen(url) < sizeof url && strncmp(url, "https://", 8) == 0);
        assert(strstr(url, "t.example") != NULL);
    }
    free(text);
    return 0;
}
