/* SPDX-License-Identifier: MIT */
/* Any octets as a line of evidence: refused with a reason, or read; and what was read is judged,
 * and written and read again without a change in what is written or judged. */
#include "resolver/audit/evidence_json.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct evidence first, second;
    char why[EVIDENCE_WHY_MAX] = "";
    if (evidence_read(bytes_of(data, size), &first, why) < 0) {
        assert(why[0] != '\0');
        return 0;
    }
    struct judgement one = evidence_judge(&first);
    char *text = evidence_write(&first);
    assert(text != NULL);
    int failure = evidence_read(bytes_of(text, strlen(text)), &second, why);
    assert(failure == 0);
    struct judgement two = evidence_judge(&second);
    assert(one.verdict == two.verdict && one.rule == two.rule && one.finding == two.finding);
    char *again = evidence_write(&second);
    assert(again != NULL && strcmp(text, again) == 0);
    free(again);
    free(text);
    char *verdict = evidence_write_judgement(&one, 1, first.id);
    assert(verdict != NULL);
    free(verdict);
    return 0;
}
