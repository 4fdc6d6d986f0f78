/* SPDX-License-Identifier: MIT */
/* Libraries that are loaded when they are first wanted. Each library that the daemon is linked with
 * costs its start up to a third of a millisecond, called or not. A door that is seldom gone through
 * (no control socket, no journal, no database of ASNs) names here what it calls:
 *
 *     #define FUNCTIONS(X) X(loc_new) X(loc_unref)
 *     struct functions {
 *         FUNCTIONS(LATE_MEMBER)
 *     };
 *     static const char *const names[] = {FUNCTIONS(LATE_NAME)};
 *
 *     struct functions lib;
 *     late_load(LIBLOC_SONAME, names, sizeof lib / sizeof(void *), &lib) == 0 && lib.loc_new(…)
 */
#ifndef RESOLVER_LATE_H
#define RESOLVER_LATE_H

#include <stddef.h>

#define LATE_MEMBER(function) __typeof__(&function) function;
#define LATE_NAME(function)   #function,

/* Loads the shared library (dlopen(3)), which stays for the life of the process, and puts the
 * addresses of the `n` functions into *ret_functions, one pointer each, in the order of the names.
 * Any thread. 0; -ENOENT when the library cannot be loaded, -ENOSYS when it lacks one of them. */
int late_load(const char *soname, const char *const *names, size_t n, void *ret_functions);

#endif
