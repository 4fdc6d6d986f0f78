/* SPDX-License-Identifier: MIT */
#include "resolver/audit/sample.h"

#include "resolver/audit/popular.h"

#define DAY_US (UINT64_C(24) * 3600 * 1000000)

enum { SHARE_SCALE = 1 << 24 };

/* Of a kind that no question's key is of. */
static uint64_t key_of(const struct seen *seen, const struct question *question)
{
    static const uint8_t kind[] = "sample";
    uint8_t type[2];
    bytes_write_u16(type, question->type);
    uint64_t key = seen_key(seen, 0, bytes_of(kind, sizeof kind));
    key = seen_key(seen, key, name_bytes(&question->name));
    return seen_key(seen, key, bytes_of(type, sizeof type));
}

bool sample_takes(struct seen *seen, struct port *port, double share,
                  const struct question *question)
{
    uint64_t now_us = port_now_us(port);
    if (port_random_below(port, SHARE_SCALE) >= share * SHARE_SCALE ||
        !popular_has(&question->name)) {
        return false;
    }
    uint64_t key = key_of(seen, question);
    if (seen_has(seen, key, now_us)) {
        return false;
    }
    seen_put(seen, key, now_us + DAY_US);
    return true;
}

void sample_forget(struct seen *seen, const struct question *question)
{
    seen_forget(seen, key_of(seen, question));
}
