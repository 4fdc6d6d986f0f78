/* SPDX-License-Identifier: MIT */
#include "daemon/trim.h"
#include "tests/unit/suite.h"

#include <link.h>
#include <stdio.h>
#include <string.h>

/* Pages of files that the process has in use. */
static long shared_pages(void)
{
    long n_all, n_resident, n_shared = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    ck_assert_ptr_nonnull(statm);
    ck_assert_int_eq(fscanf(statm, "%ld %ld %ld", &n_all, &n_resident, &n_shared), 3);
    fclose(statm);
    return n_shared;
}

/* Reads a byte of each page that was never writable, as the loader does. */
static int read_object(struct dl_phdr_info *object, size_t size, void *ctx)
{
    (void)size;
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *s = &object->dlpi_phdr[i];
        for (size_t at = 0; s->p_type == PT_LOAD && s->p_flags == PF_R && at < s->p_memsz;
             at += 4096) {
            *(unsigned *)ctx +=
                *(const volatile unsigned char *)(object->dlpi_addr + s->p_vaddr + at);
        }
    }
    return 0;
}

START_TEST(what_the_start_needed_is_given_back_and_the_program_goes_on)
{
    static int kept = 42;
    unsigned sum = 0;
    char text[32];
    dl_iterate_phdr(read_object, &sum);
    long before = shared_pages();
    trim_start();
    long after = shared_pages();
    ck_assert_int_lt(after, before);
    snprintf(text, sizeof text, "%d", kept);
    ck_assert_str_eq(text, "42");
    trim_start();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {what_the_start_needed_is_given_back_and_the_program_goes_on};
    return suite_run("trim", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
