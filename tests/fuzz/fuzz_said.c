/* SPDX-License-Identifier: MIT */
/* Any octets as what somebody says to the question they carry, reduced to evidence. */
#include "resolver/audit/soa.h"
#include "resolver/wire/cursor.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool question_of(struct bytes message, struct question *ret_question)
{
    struct cursor c = cursor_over(message);
    cursor_take(&c, MESSAGE_HEADER);
    if (c.failed || !name_read_plain(&c, &ret_question->name)) {
        return false;
    }
    name_lower(&ret_question->name);
    ret_question->type = cursor_u16(&c);
    ret_question->class = cursor_u16(&c);
    return !c.failed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct question question;
    struct said said;
    struct judge_zone zone;
    char text[SAID_TEXT_MAX];
    if (!question_of(bytes_of(data, size), &question)) {
        return 0;
    }
    struct answer_expect expect = {.question = &question,
                                   .id = -1,
                                   .allow_tc = true,
                                   .max_ttl_s = INT32_MAX,
                                   .negative_max_ttl_s = INT32_MAX};
    owned(answer_unrefp) struct answer *answer = NULL;
    if (answer_read(bytes_of(data, size), &expect, &answer) != ANSWER_OK) {
        return 0;
    }
    said_read(answer, question.type, &said);
    said_text(answer, text);
    soa_read(answer, &zone);
    assert((zone.name.n > 0) == (zone.primary.n > 0));
    assert(said.answered && said.n <= AUDIT_ADDRESSES_MAX);
    assert(said.https == HTTPS_UNKNOWN || question.type == TYPE_HTTPS);
    assert(memchr(text, '\0', sizeof text) != NULL);
    return 0;
}
