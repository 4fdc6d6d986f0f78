/* SPDX-License-Identifier: MIT */
#include "daemon/statefile.h"

#include "daemon/log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static const char name[] = "addresses", draft[] = "addresses.new";

struct statefile {
    char *folder; /* NULL: off */
    uv_async_t changed;
    uv_timer_t due;
    uint64_t written_ms;
    bool was_written;
    pthread_mutex_t lock;
    /* Under the lock: */
    struct kept kept;
    bool dirty;
};

/* ---- the file ---- */

/* One octet more than may be tells that it is too long. */
static ssize_t read_whole(int fd, char *at, size_t size)
{
    size_t n = 0;
    while (n < size) {
        ssize_t got = read(fd, at + n, size - n);
        if (got < 0 && errno != EINTR) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        n += got > 0 ? (size_t)got : 0;
    }
    return (ssize_t)n;
}

static int open_folder(const struct statefile *f)
{
    return open(f->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The reason why it cannot be read; NULL when it was, or there is none. */
static const char *load(struct statefile *f, int folder)
{
    enum { TEXT_SIZE = KEPT_TEXT_MAX + 1 };
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    if (fd < 0) {
        return errno == ENOENT ? NULL : strerror(errno);
    }
    char *text = malloc(TEXT_SIZE);
    const char *why = NULL;
    if (text == NULL || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        why = text == NULL ? "out of memory" : "it is no file";
    } else {
        ssize_t n = read_whole(fd, text, TEXT_SIZE);
        if (n < 0) {
            why = strerror(errno);
        } else if (!kept_read(bytes_of(text, (size_t)n), &f->kept)) {
            why = "it is not as it was written";
        }
    }
    free(text);
    close(fd);
    return why;
}

static bool write_whole(int fd, const char *at, size_t n)
{
    while (n > 0) {
        ssize_t put = write(fd, at, n);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        at += put > 0 ? put : 0;
        n -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

/* Either the old file is there or the new one, whole, whenever the power goes. */
static bool replace(int folder, const char *text, size_t n)
{
    int fd = openat(folder, draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return false;
    }
    bool good = write_whole(fd, text, n) && fsync(fd) == 0;
    int failure = errno;
    close(fd);
    errno = failure;
    if (good && renameat(folder, draft, folder, name) == 0) {
        return fsync(folder) == 0;
    }
    failure = errno;
    unlinkat(folder, draft, 0);
    errno = failure;
    return false;
}

static bool store(const struct statefile *f, const char *text, size_t n)
{
    int folder = open_folder(f);
    if (folder < 0) {
        return false;
    }
    bool good = replace(folder, text, n);
    int failure = errno;
    close(folder);
    errno = failure;
    return good;
}

/* ---- secrets ---- */

/* In hexadecimal, with an end of line. */
static bool read_secret(int folder, const char *file, uint8_t *ret_secret, size_t n)
{
    char text[2 * STATEFILE_SECRET_MAX + 2];
    uint8_t secret[STATEFILE_SECRET_MAX];
    int fd = openat(folder, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    ssize_t got = fd >= 0 ? read_whole(fd, text, sizeof text) : -1;
    if (fd >= 0) {
        close(fd);
    }
    if (got != (ssize_t)(2 * n + 1)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (sscanf(text + 2 * i, "%2hhx", &secret[i]) != 1) {
            return false;
        }
    }
    memcpy(ret_secret, secret, n);
    return true;
}

static bool write_secret(int folder, const char *file, const uint8_t *secret, size_t n)
{
    char text[2 * STATEFILE_SECRET_MAX + 2];
    for (size_t i = 0; i < n; i++) {
        snprintf(text + 2 * i, 3, "%02x", secret[i]);
    }
    text[2 * n] = '\n';
    int fd = openat(folder, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool good = fd >= 0 && write_whole(fd, text, 2 * n + 1) && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return good;
}

void statefile_secret(struct statefile *f, const char *file, uint8_t *ret_secret, size_t n)
{
    assert(n <= STATEFILE_SECRET_MAX);
    int folder = f->folder != NULL ? open_folder(f) : -1;
    if (folder >= 0 && read_secret(folder, file, ret_secret, n)) {
        close(folder);
        return;
    }
    while (getrandom(ret_secret, n, 0) != (ssize_t)n) {
    }
    if (folder >= 0 && !write_secret(folder, file, ret_secret, n)) {
        log_say(LOG_LEVEL_WARNING, "%s/%s cannot be written: %s: it will be another one next time",
                f->folder, file, strerror(errno));
    }
    if (folder >= 0) {
        close(folder);
    }
}

/* ---- when ---- */

static void schedule(struct statefile *f);

static void save(struct statefile *f)
{
    char *text = malloc(KEPT_TEXT_MAX);
    if (text == NULL) {
        return;
    }
    pthread_mutex_lock(&f->lock);
    size_t n = kept_write(&f->kept, text);
    bool dirty = f->dirty;
    f->dirty = false;
    pthread_mutex_unlock(&f->lock);
    bool good = !dirty || store(f, text, n);
    if (!good) {
        log_say(LOG_LEVEL_WARNING, "%s/%s cannot be written, the next start does without it: %s",
                f->folder, name, strerror(errno));
        pthread_mutex_lock(&f->lock);
        f->dirty = true;
        pthread_mutex_unlock(&f->lock);
    }
    free(text);
    f->written_ms = uv_now(f->due.loop);
    f->was_written = true;
    if (!good) {
        schedule(f);
    }
}

static void on_due(uv_timer_t *timer)
{
    save(timer->data);
}

static void schedule(struct statefile *f)
{
    if (uv_is_active((uv_handle_t *)&f->due)) {
        return;
    }
    uv_update_time(f->due.loop);
    uint64_t now_ms = uv_now(f->due.loop), wait_ms = STATEFILE_FIRST_MS;
    if (f->was_written && f->written_ms + STATEFILE_EVERY_MS > now_ms + wait_ms) {
        wait_ms = f->written_ms + STATEFILE_EVERY_MS - now_ms;
    }
    uv_timer_start(&f->due, on_due, wait_ms, 0);
}

static void on_changed(uv_async_t *async)
{
    schedule(async->data);
}

void statefile_reached(struct statefile *f, const char *host, const char *const *addresses,
                       size_t n)
{
    pthread_mutex_lock(&f->lock);
    bool changed = kept_put(&f->kept, host, addresses, n);
    f->dirty = f->dirty || changed;
    pthread_mutex_unlock(&f->lock);
    if (changed && f->folder != NULL) {
        uv_async_send(&f->changed);
    }
}

void statefile_kept(struct statefile *f, struct kept *ret_kept)
{
    pthread_mutex_lock(&f->lock);
    *ret_kept = f->kept;
    pthread_mutex_unlock(&f->lock);
}

/* ---- making and freeing ---- */

static void read_at_start(struct statefile *f)
{
    int folder = open_folder(f);
    if (folder < 0) {
        log_say(LOG_LEVEL_INFO, "state-dir: %s: %s: the addresses of providers are not kept",
                f->folder, strerror(errno));
        free(f->folder);
        f->folder = NULL;
        return;
    }
    const char *why = load(f, folder);
    if (why != NULL) {
        log_say(LOG_LEVEL_WARNING, "%s/%s is ignored: %s", f->folder, name, why);
    }
    close(folder);
}

struct statefile *statefile_new(const char *folder, uv_loop_t *loop)
{
    struct statefile *f = calloc(1, sizeof *f);
    if (f == NULL) {
        return NULL;
    }
    pthread_mutex_init(&f->lock, NULL);
    uv_async_init(loop, &f->changed, on_changed);
    uv_timer_init(loop, &f->due);
    f->changed.data = f->due.data = f;
    if (folder != NULL && strcmp(folder, "off") != 0) {
        f->folder = strdup(folder);
    }
    if (f->folder != NULL) {
        read_at_start(f);
    }
    return f;
}

void statefile_close(struct statefile *f)
{
    if (f == NULL) {
        return;
    }
    if (f->dirty && f->folder != NULL) {
        save(f);
    }
    uv_close((uv_handle_t *)&f->changed, NULL);
    uv_close((uv_handle_t *)&f->due, NULL);
}

struct statefile *statefile_free(struct statefile *f)
{
    if (f != NULL) {
        pthread_mutex_destroy(&f->lock);
        free(f->folder);
        free(f);
    }
    return NULL;
}
