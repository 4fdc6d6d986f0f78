/* SPDX-License-Identifier: MIT */
/* What a set of domain suffixes costs: the time to make it, octets a name, nanoseconds a look-up
 * of a name that is not in it and of one that is. Argument: how many names (10000 and 3000000). */
#include "resolver/policy/suffixes.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ASKED = 4096, CALLS = 2000000, ROUNDS = 5 };

static struct name asked[ASKED];

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void name_number(unsigned i, const char *before, struct name *ret_name)
{
    char text[96];
    snprintf(text, sizeof text, "%sd%u-listed.zone%u.example", before, i, i % 1009);
    int failure = name_from_text(text, ret_name);
    assert(failure == 0);
}

static struct suffixes *make(unsigned n)
{
    static const uint8_t secret[16] = {1};
    struct suffixes_draft draft;
    struct suffixes *set = NULL;
    struct suffix_entry entry = {.reach = SUFFIX_BOTH};
    struct name name;
    double began_ns = now_ns(), spent_ns = 0;
    suffixes_begin(&draft, secret);
    for (unsigned i = 0; i < n; i++) {
        name_number(i, "", &name);
        double at_ns = i % 64 == 0 ? now_ns() : 0;
        int failure = suffixes_add(&draft, &name, &entry);
        assert(failure == 0);
        spent_ns += i % 64 == 0 ? (now_ns() - at_ns) * 64 : 0;
    }
    double made_ns = now_ns();
    int failure = suffixes_make(&draft, &set);
    assert(failure == 0);
    printf("%u names: added in about %.0f ms (with their writing %.0f ms), made in %.0f ms, "
           "%.1f octets a name\n",
           n, spent_ns / 1e6, (made_ns - began_ns) / 1e6, (now_ns() - made_ns) / 1e6,
           (double)suffixes_bytes(set) / n);
    return set;
}

static void look_up(const struct suffixes *set, const char *what, size_t expected)
{
    struct suffix_match matches[SUFFIXES_MATCHES_MAX];
    double best_ns = 1e18;
    for (int round = 0; round < ROUNDS; round++) {
        double began_ns = now_ns();
        size_t n = 0;
        for (unsigned i = 0; i < CALLS; i++) {
            n += suffixes_find(set, &asked[i % ASKED], matches);
        }
        double took_ns = (now_ns() - began_ns) / CALLS;
        best_ns = took_ns < best_ns ? took_ns : best_ns;
        assert(n == expected * CALLS);
    }
    printf("  %-28s %6.0f ns\n", what, best_ns);
}

static void measure(unsigned n)
{
    struct suffixes *set = make(n);
    for (unsigned i = 0; i < ASKED; i++) {
        name_number((unsigned)((uint64_t)i * 2654435761u % n), "www.", &asked[i]);
    }
    look_up(set, "of a name in it", 1);
    for (unsigned i = 0; i < ASKED; i++) {
        char text[64];
        snprintf(text, sizeof text, "www%u.other%u.example.net", i, i * 7);
        int failure = name_from_text(text, &asked[i]);
        assert(failure == 0);
    }
    look_up(set, "of a name that is not", 0);
    suffixes_free(set);
}

int main(int argc, char **argv)
{
    static const unsigned sizes[] = {10, 10000, 3000000};
    for (size_t i = 0; argc < 2 && i < sizeof sizes / sizeof sizes[0]; i++) {
        measure(sizes[i]);
    }
    if (argc > 1) {
        measure((unsigned)strtoul(argv[1], NULL, 10));
    }
    return 0;
}
