/* SPDX-License-Identifier: MIT */
/* Messages behind a two-octet length (RFC 1035 section 4.2.2), taken off what came of a stream. */
#ifndef DAEMON_FRAMING_H
#define DAEMON_FRAMING_H

#include "resolver/wire/message.h"

enum { FRAMING_PREFIX = 2 };

enum frame {
    FRAME_WHOLE = 1,
    FRAME_PART,  /* more of it must come */
    FRAME_SHORT, /* whole, and shorter than any message (M1) */
    FRAME_LOST,  /* a length of 0, which nobody sends who knows where he is (T4) */
};

/* Takes the next frame off the front of `input`; FRAME_WHOLE: *ret_message lies inside it. */
static inline enum frame frame_take(struct bytes *input, struct bytes *ret_message)
{
    if (input->n < FRAMING_PREFIX) {
        return FRAME_PART;
    }
    size_t n = bytes_read_u16(input->at);
    if (n == 0) {
        return FRAME_LOST;
    }
    if (input->n < FRAMING_PREFIX + n) {
        return FRAME_PART;
    }
    *ret_message = bytes_of(input->at + FRAMING_PREFIX, n);
    *input = bytes_of(input->at + FRAMING_PREFIX + n, input->n - FRAMING_PREFIX - n);
    return n < MESSAGE_HEADER ? FRAME_SHORT : FRAME_WHOLE;
}

/* How many of the frames do not end within the first `sent` octets. */
static inline size_t frames_beyond(struct bytes frames, size_t sent)
{
    size_t n = 0;
    for (size_t at = 0; at < frames.n;) {
        at += FRAMING_PREFIX + (size_t)bytes_read_u16(frames.at + at);
        n += at > sent;
    }
    return n;
}

#endif
