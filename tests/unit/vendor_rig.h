/* SPDX-License-Identifier: MIT */
/* A rig for one vendor's driver, with words for what its tests say again and again. */
#ifndef TESTS_UNIT_VENDOR_RIG_H
#define TESTS_UNIT_VENDOR_RIG_H

#include "tests/unit/driver_rig.h"
#include "tests/unit/suite.h"

#define JSON "application/json"

static struct rig rig;
static bool rig_begun;

static inline void begin(const struct driver *driver)
{
    rig_begin(&rig, driver, driver->url);
    rig.port.now_us = 0; /* the wall clock says FAKE_PORT_WALL_S */
    rig_begun = true;
}

static inline void vendor_rig_end(void)
{
    if (rig_begun) {
        rig_end(&rig);
    }
    rig_begun = false;
}

/* The provider's clock is such that what expires 300 s from now expires at `expiry_s`. */
static inline void expire_at(int64_t expiry_s)
{
    rig.memory.clock_ahead_s = expiry_s - 300 - FAKE_PORT_WALL_S;
}

static inline bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static inline void reads(unsigned status, const char *body, const char *wanted)
{
    ck_assert_str_eq(rig_read(&rig, status, JSON, body), wanted);
}

/* The beginning of what is read, in a reply without an error. */
static inline void reads_as(const char *body, const char *wanted)
{
    ck_assert_msg(begins(rig_read(&rig, 200, JSON, body), wanted), "%s: %s", body, rig.text);
}

static inline struct provider_secret secret(const char *text)
{
    return (struct provider_secret){.text = text};
}

static inline struct driver_call errand_call(void)
{
    return (struct driver_call){.provider = &rig.provider,
                                .endpoint = &rig.provider.endpoint,
                                .memory = &rig.memory,
                                .port = &rig.port.port};
}

/* The errand as a request; "" when there is none. */
static inline const char *errand(void)
{
    struct driver_call call = errand_call();
    rig.request = (struct exchange_request){.endpoint = &rig.provider.endpoint};
    enum driver_errand due = rig.driver->errand(&call, &rig.room, &rig.request);
    return due == DRIVER_ERRAND_NONE ? "" : rig.request.target;
}

static inline struct driver_addresses errand_done(unsigned status, const char *body)
{
    struct driver_call call = errand_call();
    struct exchange_reply reply = {.result = EXCHANGE_DONE,
                                   .status = status,
                                   .media_type = JSON,
                                   .body = bytes_of(body, strlen(body)),
                                   .detail = ""};
    return rig.driver->errand_done(&call, &reply);
}

#endif
