/* SPDX-License-Identifier: MIT */
/* Preloaded into the daemon: its clocks are ahead by as many seconds as the file named by LEAP_FILE
 * says (a signed 64-bit number of this machine's order), at any moment. What takes hours takes
 * seconds so, and nothing in the program is different for it. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *ahead_s;

__attribute__((constructor)) static void find_file(void)
{
    const char *path = getenv("LEAP_FILE");
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) {
        return;
    }
    void *at = mmap(NULL, sizeof *ahead_s, PROT_READ, MAP_SHARED, fd, 0);
    ahead_s = at != MAP_FAILED ? at : NULL;
    close(fd);
}

int clock_gettime(clockid_t clock, struct timespec *at)
{
    int failure = (int)syscall(SYS_clock_gettime, clock, at);
    bool is_of_day = clock != CLOCK_PROCESS_CPUTIME_ID && clock != CLOCK_THREAD_CPUTIME_ID;
    if (failure == 0 && ahead_s != NULL && is_of_day) {
        at->tv_sec += *ahead_s;
    }
    return failure;
}
