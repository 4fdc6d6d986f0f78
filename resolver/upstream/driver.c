/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/driver.h"

#include "resolver/upstream/drivers.h"

#include <assert.h>
#include <strings.h>

const struct driver *driver_of(enum pool_protocol protocol)
{
    switch (protocol) {
    case PROTOCOL_DOH:
        return &driver_doh;
    case PROTOCOL_DOH_GET:
        return &driver_doh_get;
    case PROTOCOL_JSON:
        return &driver_json;
    case PROTOCOL_ODOH:
        return &driver_odoh;
    case PROTOCOL_ALIDNS:
        return &driver_alidns;
    case PROTOCOL_ALIYUN:
        return &driver_aliyun;
    case PROTOCOL_ALIYUN2:
        return &driver_aliyun2;
    case PROTOCOL_TENCENT:
        return &driver_tencent;
    case PROTOCOL_VOLC:
        return &driver_volc;
    case PROTOCOL_BAIDU:
        return &driver_baidu;
    case PROTOCOL_GENERIC:
        return &driver_generic;
    case PROTOCOL_DNS:
        return &driver_dns;
    }
    assert(false);
    return NULL;
}

bool driver_is_type(const struct exchange_reply *reply, const char *media_type)
{
    size_t n = strlen(media_type);
    if (reply->status < 200 || reply->status > 299 ||
        strncasecmp(reply->media_type, media_type, n) != 0) {
        return false;
    }
    const char *rest = reply->media_type + n;
    return rest[strspn(rest, " \t")] == '\0' || rest[strspn(rest, " \t")] == ';';
}
