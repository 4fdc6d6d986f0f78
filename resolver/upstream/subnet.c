/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/subnet.h"

#include "resolver/upstream/encode.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static bool has_bits_behind(const uint8_t *at, size_t n, unsigned length)
{
    for (size_t bit = length; bit < 8 * n; bit++) {
        if ((at[bit / 8] & 0x80 >> bit % 8) != 0) {
            return true;
        }
    }
    return false;
}

int subnet_read(const char *text, struct provider_subnet *ret_subnet)
{
    struct provider_subnet subnet = {0};
    char address[INET6_ADDRSTRLEN];
    const char *slash = strchr(text, '/');
    size_t n = slash != NULL ? (size_t)(slash - text) : 0;
    if (n == 0 || n >= sizeof address || slash[1] < '0' || slash[1] > '9') {
        return -EINVAL;
    }
    memcpy(address, text, n);
    address[n] = '\0';
    char *end;
    unsigned long length = strtoul(slash + 1, &end, 10);
    bool is_v4 = inet_pton(AF_INET, address, subnet.at) == 1;
    if (*end != '\0' || (!is_v4 && inet_pton(AF_INET6, address, subnet.at) != 1)) {
        return -EINVAL;
    }
    if (length > (is_v4 ? SUBNET_V4_MAX : SUBNET_V6_MAX)) {
        return -ERANGE;
    }
    subnet.n = is_v4 ? 4 : 16;
    subnet.length = (uint8_t)length;
    if (has_bits_behind(subnet.at, subnet.n, subnet.length)) {
        return -EDOM;
    }
    *ret_subnet = subnet;
    return 0;
}

/* The source address towards `to`: a datagram socket that is connected asks the routing table, and
 * sends nothing. */
static bool source_towards(const struct sockaddr *to, socklen_t n,
                           struct sockaddr_storage *ret_from)
{
    socklen_t n_from = sizeof *ret_from;
    int fd = socket(to->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool found = fd >= 0 && connect(fd, to, n) == 0 &&
                 getsockname(fd, (struct sockaddr *)ret_from, &n_from) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return found;
}

/* RFC 1918, 6598, 3927, 1122 */
static bool is_public_v4(uint32_t a)
{
    return a >> 24 != 10 && a >> 20 != 0xac1 && a >> 16 != 0xc0a8 &&
           a >> 22 != (100u << 24 | 64u << 16) >> 22 && a >> 16 != 0xa9fe && a >> 24 != 127 &&
           a >> 24 != 0;
}

void subnet_from_here(struct provider_subnet *ret_subnet)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(53)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(53)};
    struct sockaddr_storage from;
    *ret_subnet = (struct provider_subnet){.from_here = true};
    inet_pton(AF_INET, "192.88.99.1", &v4.sin_addr);
    inet_pton(AF_INET6, "2000::1", &v6.sin6_addr);
    if (source_towards((struct sockaddr *)&v4, sizeof v4, &from)) {
        uint32_t address = ntohl(((struct sockaddr_in *)&from)->sin_addr.s_addr);
        if (is_public_v4(address)) {
            ret_subnet->n = 4;
            ret_subnet->length = SUBNET_V4_MAX;
            bytes_write_u32(ret_subnet->at, address & 0xffffff00);
            return;
        }
    }
    if (source_towards((struct sockaddr *)&v6, sizeof v6, &from)) {
        const uint8_t *at = ((struct sockaddr_in6 *)&from)->sin6_addr.s6_addr;
        if (at[0] >> 5 == 1) { /* 2000::/3 */
            ret_subnet->n = 16;
            ret_subnet->length = SUBNET_V6_MAX;
            memcpy(ret_subnet->at, at, SUBNET_V6_MAX / 8);
        }
    }
}

void subnet_put(const struct provider_subnet *subnet, const char *before, enum subnet_form form,
                struct buf *out)
{
    char address[INET6_ADDRSTRLEN];
    if (subnet->n == 0 || (subnet->length == 0 && form == SUBNET_ADDRESS)) {
        return;
    }
    encode_text(before, out);
    encode_text(inet_ntop(subnet->n == 4 ? AF_INET : AF_INET6, subnet->at, address, sizeof address),
                out);
    if (form == SUBNET_WITH_LENGTH) {
        encode_text("/", out);
        encode_number(subnet->length, out);
    }
}

struct bytes subnet_option(const struct provider_subnet *subnet, uint8_t room[SUBNET_OPTION_MAX])
{
    enum { FAMILY_V4 = 1, FAMILY_V6 = 2 };
    struct buf out = buf_over(room, SUBNET_OPTION_MAX);
    if (subnet->n == 0) {
        return bytes_of(NULL, 0);
    }
    buf_put_u16(&out, subnet->n == 4 ? FAMILY_V4 : FAMILY_V6);
    buf_put_u8(&out, subnet->length);
    buf_put_u8(&out, 0); /* the scope is the answer's */
    buf_put(&out, subnet->at, (subnet->length + 7u) / 8);
    return bytes_of(out.at, out.n);
}
