/* SPDX-License-Identifier: MIT */
#include "resolver/late.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

int late_load(const char *soname, const char *const *names, size_t n, void *ret_functions)
{
    void *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library == NULL) {
        return -ENOENT;
    }
    int failure = 0;
    for (size_t i = 0; i < n && failure == 0; i++) {
        void *function = dlsym(library, names[i]);
        failure = function == NULL ? -ENOSYS : 0;
        memcpy((unsigned char *)ret_functions + i * sizeof function, &function, sizeof function);
    }
    dlclose(library); /* it stays; only its users are not counted */
    return failure;
}
