/* SPDX-License-Identifier: MIT */
#include "daemon/trim.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* A segment that was never writable holds what is in its file, page for page. */
static void trim_segment(const struct dl_phdr_info *object, const ElfW(Phdr) * segment)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t from = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
    uintptr_t to = object->dlpi_addr + segment->p_vaddr + segment->p_memsz;
    (void)madvise((void *)from, to - from, MADV_DONTNEED);
}

static int trim_object(struct dl_phdr_info *object, size_t size, void *ctx)
{
    (void)size;
    (void)ctx;
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W) == 0) {
            trim_segment(object, segment);
        }
    }
    return 0;
}

void trim_start(void)
{
    dl_iterate_phdr(trim_object, NULL);
    malloc_trim(0);
}
