/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/encode.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

void encode_hex(struct bytes octets, struct buf *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < octets.n; i++) {
        buf_put_u8(out, (uint8_t)digits[octets.at[i] >> 4]);
        buf_put_u8(out, (uint8_t)digits[octets.at[i] & 15]);
    }
}

static bool is_unreserved(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void encode_url(struct bytes octets, struct buf *out)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < octets.n; i++) {
        uint8_t c = octets.at[i];
        if (is_unreserved(c)) {
            buf_put_u8(out, c);
            continue;
        }
        buf_put_u8(out, '%');
        buf_put_u8(out, (uint8_t)digits[c >> 4]);
        buf_put_u8(out, (uint8_t)digits[c & 15]);
    }
}

void encode_text(const char *text, struct buf *out)
{
    buf_put(out, text, strlen(text));
}

void encode_number(int64_t number, struct buf *out)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%" PRId64, number);
    buf_put(out, text, (size_t)n);
}

static int digit_of_hex(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int decode_hex(struct bytes text, struct buf *out)
{
    if (text.n % 2 != 0) {
        return -EINVAL;
    }
    for (size_t i = 0; i < text.n; i += 2) {
        int high = digit_of_hex(text.at[i]), low = digit_of_hex(text.at[i + 1]);
        if (high < 0 || low < 0) {
            return -EINVAL;
        }
        buf_put_u8(out, (uint8_t)(high << 4 | low));
    }
    return out->overflow ? -EMSGSIZE : 0;
}

static int digit_of_base64(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int decode_base64(struct bytes text, struct buf *out)
{
    uint32_t bits = 0;
    size_t n_digits = 0, n_pads = 0;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.at[i];
        if (c == '\n' || c == '\r') {
            continue;
        }
        int digit = c == '=' ? 0 : digit_of_base64(c);
        n_pads += c == '=';
        if (digit < 0 || (n_pads > 0 && c != '=') || n_pads > 2) {
            return -EINVAL;
        }
        bits = bits << 6 | (uint32_t)digit;
        if (++n_digits % 4 == 0) {
            uint8_t three[3] = {(uint8_t)(bits >> 16), (uint8_t)(bits >> 8), (uint8_t)bits};
            buf_put(out, three, 3 - n_pads);
        }
    }
    if (n_digits % 4 != 0) {
        return -EINVAL;
    }
    return out->overflow ? -EMSGSIZE : 0;
}
