/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target over every file named, and every file in the folders named: the corpus as an
 * ordinary test. Prints how many ran; none at all is a failure. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 1 << 20, PATH_MAX_OCTETS = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Exactly sized, so that a sanitizer sees the first octet read too far. */
static size_t replay_file(const char *path)
{
    static uint8_t input[INPUT_MAX];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return 0;
    size_t n = fread(input, 1, sizeof input, file);
    fclose(file);
    uint8_t *data = malloc(n > 0 ? n : 1);
    if (data == NULL)
        return 0;
    memcpy(data, input, n);
    LLVMFuzzerTestOneInput(data, n);
    free(data);
    return 1;
}

static size_t replay(const char *path);

static size_t replay_folder(const char *path, DIR *folder)
{
    size_t n_run = 0;
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        char inner[PATH_MAX_OCTETS];
        int n = snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] == '.' || n < 0 || (size_t)n >= sizeof inner)
            continue;
        n_run += replay(inner);
    }
    return n_run;
}

static size_t replay(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL)
        return replay_file(path);
    size_t n_run = replay_folder(path, folder);
    closedir(folder);
    return n_run;
}

int main(int argc, char **argv)
{
    size_t n_run = 0;
    for (int i = 1; i < argc; i++)
        n_run += replay(argv[i]);
    printf("%zu inputs replayed\n", n_run);
    return n_run > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
