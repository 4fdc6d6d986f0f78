/* SPDX-License-Identifier: MIT */
/* Any octets as lines of an HTTP header: a value lies inside its line, numbers keep their bound,
 * and a max-age is found wherever it stands among other directives. */
#include "resolver/upstream/fields.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_value(struct bytes line, const char *name)
{
    struct bytes value = fields_value(line, name);
    if (value.at == NULL)
        return;
    assert(value.at >= line.at + strlen(name) + 1);
    assert(value.at + value.n <= line.at + line.n);
    assert(fields_seconds(value) <= UINT32_C(0x80000000));
    uint32_t max_age_s = 0;
    if (fields_max_age(value, &max_age_s))
        assert(max_age_s <= UINT32_C(0x80000000));
    (void)fields_date(value);
}

/* The same among others: what is lower wins, what is higher changes nothing. */
static void check_max_age(struct bytes text)
{
    uint8_t at[512 + 16];
    if (text.n > 512)
        return;
    memcpy(at, text.at, text.n);
    memcpy(at + text.n, ",max-age=7", 10);
    uint32_t alone_s = UINT32_MAX, among_s;
    fields_max_age(text, &alone_s);
    assert(fields_max_age(bytes_of(at, text.n + 10), &among_s));
    assert(among_s == (alone_s < 7 ? alone_s : 7));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"age", "content-encoding", "cache-control", "date"};
    struct bytes rest = bytes_of(data, size);
    while (rest.n > 0) {
        const uint8_t *end = memchr(rest.at, '\n', rest.n);
        size_t n = end != NULL ? (size_t)(end - rest.at) + 1 : rest.n;
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            check_value(bytes_of(rest.at, n), names[i]);
        check_max_age(bytes_of(rest.at, n));
        rest = bytes_of(rest.at + n, rest.n - n);
    }
    return 0;
}
