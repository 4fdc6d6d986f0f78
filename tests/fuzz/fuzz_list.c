/* SPDX-License-Identifier: MIT */
/* Lists of domains in every format: the first octet chooses it. Whatever the text, an entry's name
 * is a name in lower case, and there are no more entries than the text has room for. */
#include "resolver/policy/listfile.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_entry(void *ctx, const struct list_entry *entry)
{
    struct cursor c = cursor_over(name_bytes(&entry->name));
    struct name again;
    (void)ctx;
    assert(name_read_plain(&c, &again) && cursor_left(&c) == 0);
    name_lower(&again);
    assert(bytes_equal(name_bytes(&again), name_bytes(&entry->name)));
    assert(entry->self || entry->below);
    if (entry->action == LIST_RECORD) {
        assert(entry->rdata.n >= 1 && entry->rdata.n <= NAME_MAX_OCTETS);
        assert(entry->type != TYPE_A || entry->rdata.n == 4);
        assert(entry->type != TYPE_AAAA || entry->rdata.n == 16);
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct list_reader reader = {.format = (enum list_format)(data[0] % (LIST_RPZ + 1)),
                                 .on_entry = on_entry};
    list_begin(&reader);
    int failure = list_read_text(&reader, bytes_of(data + 1, size - 1));
    assert(failure == 0);
    assert(reader.n_entries <= size && reader.n_skipped <= size);
    assert(reader.note[LISTFILE_NOTE_MAX - 1] == '\0');
    return 0;
}
