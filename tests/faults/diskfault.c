/* A disk that fails on request, for one process (LD_PRELOAD).
 *
 * DISKFAULT_MATCH    only files whose path contains this are touched; the index of SQLite's log ("-shm") never is.
 * DISKFAULT_CONTROL  a file of struct control, mapped; the harness writes it while the process runs.
 * DISKFAULT_RECORD   beginning of the name of a file, one for each process, to which every write, truncation and sync of
 *                    those files is appended, so that the harness knows afterwards what a power cut could have taken.
 *
 * A write is recorded before it is made: a process killed in between leaves a write that was about to happen, which is
 * the same to a disk as one that had happened and was not synced.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct control {
    int64_t sync_errno;   /* fsync and fdatasync fail with this */
    int64_t write_errno;  /* writes and truncations fail with this once the budget is spent */
    int64_t write_budget; /* bytes that still reach the disk; the write that exceeds it is torn at its end */
    int64_t read_errno;   /* reads fail with this */
    int64_t syncs;        /* how many syncs were asked for */
    int64_t failures;     /* how many operations were made to fail */
    int64_t lie;          /* syncs say that they have worked, and do nothing */
};

enum { WRITE = 1, TRUNCATE = 2, SYNC = 3, LOST = 4, UNLINK = 5 };

struct record { /* followed by the path and, for a write, by its bytes */
    uint32_t kind;
    uint32_t path_length;
    int64_t offset; /* of a truncation: the new size */
    int64_t length;
};

static struct control nothing;
static struct control *control = &nothing;
static const char *match;
static int record_file = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static ssize_t (*real_pread)(int, void *, size_t, off64_t);
static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off64_t);
static int (*real_unlink)(const char *);

__attribute__((constructor)) static void begin(void) {
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_pread = dlsym(RTLD_NEXT, "pread64");
    real_write = dlsym(RTLD_NEXT, "write");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    match = getenv("DISKFAULT_MATCH");
    const char *path = getenv("DISKFAULT_CONTROL");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file >= 0) {
        void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (mapped != MAP_FAILED)
            control = mapped;
        close(file);
    }
    path = getenv("DISKFAULT_RECORD");
    if (path) {
        char name[PATH_MAX];
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        snprintf(name, sizeof name, "%s.%012lld%09ld", path, (long long)now.tv_sec, now.tv_nsec);
        record_file = open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    }
}

static int matches(const char *path) {
    size_t length = strlen(path);
    return match && strstr(path, match) && !(length > 4 && !strcmp(path + length - 4, "-shm"));
}

/* Whether an open file is to be touched, and its path. */
static int concerned(int file, char path[PATH_MAX]) {
    char link[32];
    if (!match)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length <= 0)
        return 0;
    path[length] = 0;
    return matches(path);
}

static void note(uint32_t kind, const char *path, int64_t offset, const void *bytes, size_t length) {
    if (record_file < 0)
        return;
    struct record head = {kind, (uint32_t)strlen(path), offset, (int64_t)length};
    struct iovec parts[3] = {{&head, sizeof head}, {(void *)path, head.path_length}, {(void *)bytes, length}};
    if (writev(record_file, parts, bytes ? 3 : 2) < 0)
        abort();
}

static int fail(int64_t number) {
    __atomic_add_fetch(&control->failures, 1, __ATOMIC_SEQ_CST);
    errno = (int)number;
    return -1;
}

/* How much of a write the disk still takes. */
static size_t within_budget(size_t length) {
    if (!control->write_errno)
        return length;
    int64_t left = __atomic_fetch_sub(&control->write_budget, (int64_t)length, __ATOMIC_SEQ_CST);
    return left <= 0 ? 0 : left < (int64_t)length ? (size_t)left : length;
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t offset) {
    char path[PATH_MAX];
    if (!concerned(file, path))
        return real_pwrite(file, bytes, length, offset);
    pthread_mutex_lock(&lock);
    size_t taken = within_budget(length);
    ssize_t written = 0;
    if (taken) {
        note(WRITE, path, offset, bytes, taken);
        written = real_pwrite(file, bytes, taken, offset);
    }
    pthread_mutex_unlock(&lock);
    return taken == length ? written : fail(control->write_errno);
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t offset) {
    return pwrite64(file, bytes, length, offset);
}

ssize_t write(int file, const void *bytes, size_t length) {
    char path[PATH_MAX];
    if (!real_write) /* before begin() */
        real_write = dlsym(RTLD_NEXT, "write");
    if (!concerned(file, path))
        return real_write(file, bytes, length);
    return pwrite64(file, bytes, length, lseek(file, 0, SEEK_CUR));
}

ssize_t pread64(int file, void *bytes, size_t length, off64_t offset) {
    char path[PATH_MAX];
    if (control->read_errno && concerned(file, path))
        return fail(control->read_errno);
    return real_pread(file, bytes, length, offset);
}

ssize_t pread(int file, void *bytes, size_t length, off_t offset) {
    return pread64(file, bytes, length, offset);
}

int ftruncate64(int file, off64_t size) {
    char path[PATH_MAX];
    if (!concerned(file, path))
        return real_ftruncate(file, size);
    if (control->write_errno && control->write_budget <= 0)
        return fail(control->write_errno);
    pthread_mutex_lock(&lock);
    note(TRUNCATE, path, size, NULL, 0);
    int result = real_ftruncate(file, size);
    pthread_mutex_unlock(&lock);
    return result;
}

int ftruncate(int file, off_t size) { return ftruncate64(file, size); }

/* SQLite syncs the directory before it relies on what it has removed, so this counts as durable at once. */
int unlink(const char *path) {
    char full[PATH_MAX];
    if (matches(path) && realpath(path, full))
        note(UNLINK, full, 0, NULL, 0);
    return real_unlink(path);
}

static int sync_file(int file, int (*real)(int)) {
    char path[PATH_MAX];
    if (!concerned(file, path))
        return real(file);
    if (control->lie)
        return 0;
    pthread_mutex_lock(&lock);
    __atomic_add_fetch(&control->syncs, 1, __ATOMIC_SEQ_CST);
    int result = control->sync_errno ? -1 : real(file);
    /* After a sync that failed the kernel calls the pages clean: no later one writes them. */
    note(result ? LOST : SYNC, path, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return control->sync_errno ? fail(control->sync_errno) : result;
}

int fsync(int file) { return sync_file(file, real_fsync); }
int fdatasync(int file) { return sync_file(file, real_fdatasync); }
