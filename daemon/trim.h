/* SPDX-License-Identifier: MIT */
/* Gives back what only the start needed. */
#ifndef DAEMON_TRIM_H
#define DAEMON_TRIM_H

/* Unmaps the read-only pages of the program and its libraries: symbol tables and relocations, read
 * once by the loader, and code that ran once. What is used again comes back from the page cache, a
 * page fault each. Any thread, at any time. */
void trim_start(void);

#endif
