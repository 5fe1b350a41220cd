/* Faults in the system calls of a real process, by LD_PRELOAD.
 *
 * Nothing happens before jobseal_arm(root, nth, fault) is called in the process that is to suffer. From then on every
 * call that changes something below `root` is counted: write and pwrite, fsync and fdatasync, rename, link, unlink,
 * mkdir, ftruncate, and open with O_CREAT. The nth (from 0) goes wrong as `fault` says; none does for nth = -1. The
 * count, and whether the fault was reached, are in the memory that the caller has given, which outlives the process.
 *
 * What was written and not synced is kept in an undo list, so that a failed sync can drop it and a power cut take it
 * back. Sockets, pipes and files elsewhere are never touched.
 *
 *   fault           a write                       a sync                       any other call
 *   1 EIO           EIO, nothing done             EIO, nothing done            EIO, nothing done
 *   2 FULL          ENOSPC, from now on for all calls that need space
 *   3 EINTR         EINTR, nothing done, once
 *   4 SHORT         half of it is taken           EDQUOT                       EDQUOT
 *   5 TORN          half of it, then SIGKILL;     everything unsynced is taken back, then SIGKILL
 *                   for odd nth as beside, first
 *   6 KILL_BEFORE   SIGKILL, nothing done
 *   7 KILL_AFTER    done, then SIGKILL
 *   8 DROP          half of it, then EIO          unsynced of this file lost,  done, and EIO all the same
 *                                                 and EIO
 *   9 READ_ONLY     EROFS, from now on for all calls
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { NONE, EIO_, FULL, EINTR_, SHORT, TORN, KILL_BEFORE, KILL_AFTER, DROP, READ_ONLY };
enum { WRITE, SYNC, OTHER, OTHER_WITH_SPACE };
enum { FILES_MOST = 256, FDS_MOST = 4096 };

struct report { long calls; long reached; };
struct undo { int file; off_t at; off_t size; size_t length; char *old; struct undo *before; };
struct file { dev_t device; ino_t inode; int handle; };

static char root[PATH_MAX];
static size_t root_length;
static long target = -1;
static int fault, lasting;
static struct report *report;
static struct undo *undos;
static struct file files[FILES_MOST];
static int file_count;
static int file_of[FDS_MOST]; /* 1 + place in files; 0: not ours */

#define REAL(type, name, ...) static type (*real)(__VA_ARGS__); if (!real) real = dlsym(RTLD_NEXT, name)

static int real_open(const char *path, int flags, mode_t mode) {
    REAL(int, "open64", const char *, int, ...);
    return real(path, flags, mode);
}

static ssize_t real_pwrite(int fd, const void *data, size_t count, off_t at) {
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off_t);
    return real(fd, data, count, at);
}

static ssize_t real_write(int fd, const void *data, size_t count) {
    REAL(ssize_t, "write", int, const void *, size_t);
    return real(fd, data, count);
}

static int real_truncate(int fd, off_t size) {
    REAL(int, "ftruncate64", int, off_t);
    return real(fd, size);
}

void jobseal_arm(const char *below, long nth, int what, struct report *shared) {
    strncpy(root, below, sizeof root - 1);
    root_length = strlen(root);
    target = nth;
    fault = what;
    report = shared;
    /* Symbols are looked up before anything can go wrong inside a look-up. */
    real_open("/dev/null", O_RDONLY | O_CLOEXEC, 0);
}

static int is_below(const char *path) {
    return report && path && strncmp(path, root, root_length) == 0;
}

static int is_ours(int fd) {
    return report && fd >= 0 && fd < FDS_MOST && file_of[fd];
}

static void take_back(int only) {
    for (struct undo *each = undos; each; each = each->before) {
        if (only >= 0 && each->file != only) continue;
        int handle = files[each->file].handle;
        if (handle < 0) continue;
        if (each->length) real_pwrite(handle, each->old, each->length, each->at);
        real_truncate(handle, each->size);
    }
}

static void forget(int file) {
    struct undo **link = &undos;
    while (*link) {
        struct undo *each = *link;
        if (each->file != file) { link = &each->before; continue; }
        *link = each->before;
        free(each->old);
        free(each);
    }
}

/* Keeps what stands where `count` bytes are about to be written, or what a truncation is about to cut. */
static void remember(int fd, off_t at, size_t count) {
    int file = file_of[fd] - 1;
    int handle = files[file].handle;
    struct stat now;
    if (handle < 0 || fstat(handle, &now) != 0) return;
    struct undo *fresh = calloc(1, sizeof *fresh);
    fresh->file = file;
    fresh->at = at;
    fresh->size = now.st_size;
    fresh->old = malloc(count ? count : 1);
    ssize_t there = at < now.st_size ? pread(handle, fresh->old, count, at) : 0;
    fresh->length = there > 0 ? (size_t)there : 0;
    fresh->before = undos;
    undos = fresh;
}

static void track(int fd, int flags) {
    struct stat now;
    if (fd < 0 || fd >= FDS_MOST || fstat(fd, &now) != 0) return;
    file_of[fd] = 0;
    if (!S_ISREG(now.st_mode) && !S_ISDIR(now.st_mode)) return;
    int place = 0;
    while (place < file_count && (files[place].inode != now.st_ino || files[place].device != now.st_dev)) place++;
    if (place == FILES_MOST) abort(); /* a scenario with more files than that needs a larger table */
    if (place == file_count) {
        files[file_count++] = (struct file){now.st_dev, now.st_ino, -1};
    }
    if (files[place].handle < 0 && S_ISREG(now.st_mode) && (flags & O_ACCMODE) != O_RDONLY) {
        char name[64];
        snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
        files[place].handle = real_open(name, O_RDWR | O_CLOEXEC, 0); /* stays open: inodes are not used again */
    }
    file_of[fd] = place + 1;
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static int failing(int number) {
    errno = number;
    return -1;
}

/* What is to become of this call: 0 as always, or one of the faults. */
static int fate(int kind) {
    long nth = report->calls++;
    if (lasting == READ_ONLY || (lasting == FULL && kind != SYNC && kind != OTHER)) return lasting;
    if (nth != target) return NONE;
    report->reached = 1;
    if (fault == FULL || fault == READ_ONLY) lasting = fault;
    if (fault == KILL_BEFORE) die();
    if (fault == TORN && kind != WRITE) { take_back(-1); die(); }
    return fault;
}

/* The errno of a fault that does nothing; 0 for those that do something. */
static int refusal(int what) {
    switch (what) {
    case EIO_: return EIO;
    case FULL: return ENOSPC;
    case EINTR_: return EINTR;
    case SHORT: return EDQUOT;
    case READ_ONLY: return EROFS;
    default: return 0;
    }
}

#define OTHERWISE(kind, call)                                                  \
    int what = fate(kind);                                                     \
    if (refusal(what)) return failing(refusal(what));                          \
    int result = (call);                                                       \
    if (what == KILL_AFTER) die();                                             \
    return what == DROP && result >= 0 ? failing(EIO) : result

static ssize_t written(int fd, const void *data, size_t count, off_t at, int positioned) {
    int what = fate(WRITE);
    int half = count > 1 && (what == SHORT || what == TORN || what == DROP);
    if (what != SHORT && refusal(what)) return failing(refusal(what));
    size_t taken = half ? count / 2 : count;
    if (what == TORN && target % 2) take_back(-1);
    remember(fd, positioned ? at : lseek(fd, 0, SEEK_CUR), taken);
    ssize_t result = positioned ? real_pwrite(fd, data, taken, at) : real_write(fd, data, taken);
    if (what == TORN || what == KILL_AFTER) die();
    return what == DROP ? failing(EIO) : result;
}

ssize_t write(int fd, const void *data, size_t count) {
    return is_ours(fd) ? written(fd, data, count, 0, 0) : real_write(fd, data, count);
}

ssize_t pwrite64(int fd, const void *data, size_t count, off_t at) {
    return is_ours(fd) ? written(fd, data, count, at, 1) : real_pwrite(fd, data, count, at);
}

ssize_t pwrite(int fd, const void *data, size_t count, off_t at) {
    return pwrite64(fd, data, count, at);
}

static int synced(int fd, int (*real)(int)) {
    if (!is_ours(fd)) return real(fd);
    int what = fate(SYNC);
    if (refusal(what)) return failing(refusal(what));
    if (what == DROP) {
        take_back(file_of[fd] - 1);
        forget(file_of[fd] - 1);
        return failing(EIO);
    }
    int result = real(fd);
    if (result == 0) forget(file_of[fd] - 1);
    if (what == KILL_AFTER) die();
    return result;
}

int fsync(int fd) {
    REAL(int, "fsync", int);
    return synced(fd, real);
}

int fdatasync(int fd) {
    REAL(int, "fdatasync", int);
    return synced(fd, real);
}

int ftruncate64(int fd, off_t size) {
    if (!is_ours(fd)) return real_truncate(fd, size);
    struct stat now;
    if (fstat(fd, &now) == 0) remember(fd, size, now.st_size > size ? (size_t)(now.st_size - size) : 0);
    OTHERWISE(OTHER, real_truncate(fd, size));
}

int ftruncate(int fd, off_t size) {
    return ftruncate64(fd, size);
}

int rename(const char *source, const char *goal) {
    REAL(int, "rename", const char *, const char *);
    if (!is_below(source) && !is_below(goal)) return real(source, goal);
    OTHERWISE(OTHER_WITH_SPACE, real(source, goal));
}

int link(const char *source, const char *goal) {
    REAL(int, "link", const char *, const char *);
    if (!is_below(goal)) return real(source, goal);
    OTHERWISE(OTHER_WITH_SPACE, real(source, goal));
}

int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    if (!is_below(path)) return real(path);
    OTHERWISE(OTHER, real(path));
}

int mkdir(const char *path, mode_t mode) {
    REAL(int, "mkdir", const char *, mode_t);
    if (!is_below(path)) return real(path, mode);
    OTHERWISE(OTHER_WITH_SPACE, real(path, mode));
}

static int opened(const char *path, int flags, mode_t mode) {
    int what = flags & O_CREAT ? fate(OTHER_WITH_SPACE) : NONE;
    if (refusal(what)) return failing(refusal(what));
    int fd = real_open(path, flags, mode);
    if (what == KILL_AFTER) die();
    if (what == DROP && fd >= 0) { close(fd); return failing(EIO); }
    if (fd >= 0) track(fd, flags);
    return fd;
}

int open64(const char *path, int flags, ...) {
    mode_t mode = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list more;
        va_start(more, flags);
        mode = va_arg(more, mode_t);
        va_end(more);
    }
    if (is_below(path)) return opened(path, flags, mode);
    int fd = real_open(path, flags, mode);
    if (fd >= 0 && fd < FDS_MOST) file_of[fd] = 0;
    return fd;
}

int open(const char *path, int flags, ...) {
    mode_t mode = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list more;
        va_start(more, flags);
        mode = va_arg(more, mode_t);
        va_end(more);
    }
    return open64(path, flags, mode);
}

int close(int fd) {
    REAL(int, "close", int);
    if (fd >= 0 && fd < FDS_MOST) file_of[fd] = 0;
    return real(fd);
}
