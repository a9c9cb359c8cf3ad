/* SPDX-License-Identifier: MIT */
/*
 * Every function here has the name of libc's, and by the rules of the dynamic
 * linker it is the one that the program and all its libraries get. Meson
 * compiles with 64-bit offsets, so pread() is pread64() underneath, and that is
 * what SQLite calls too.
 */
#include "calls.h"

#include <assert.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/** More descriptors than a test opens. */
#define DESCRIPTOR_COUNT_MAX 4096

/* The function that would have been called. */
#define REAL(name) ((__typeof__(&(name)))real_function(REAL_NAME(name)))

/* What the linker calls it, where that differs. */
#define REAL_NAME(name) real_name(#name)

/* On 32 bits, what knows of time has another name for 64 bits of it. Debian's
 * SQLite does not use that one, so there its looks and locks are not seen. */
#if ULONG_MAX > UINT32_MAX
#define TIMED(name, width) name "64"
#else
#define TIMED(name, width) "__" name width "_time64"
#endif

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(const struct call_observer *) current;
static const char *watched_directory;
static char *paths[DESCRIPTOR_COUNT_MAX];
static _Thread_local bool inside;

void
calls_observe(const char *directory, const struct call_observer *observer)
{
    (void)pthread_mutex_lock(&lock);
    watched_directory = directory;
    atomic_store(&current, observer);
    (void)pthread_mutex_unlock(&lock);
}

const char *
call_kind_name(enum call_kind kind)
{
    static const char *const names[] = {
        [CALL_OPEN] = "open",         [CALL_READ] = "read",
        [CALL_WRITE] = "write",       [CALL_SYNC] = "sync",
        [CALL_TRUNCATE] = "truncate", [CALL_ALLOCATE] = "allocate",
        [CALL_RENAME] = "rename",     [CALL_LINK] = "link",
        [CALL_UNLINK] = "unlink",     [CALL_MAP] = "map",
        [CALL_LOCK] = "lock",         [CALL_STAT] = "stat",
        [CALL_CLOSE] = "close",
    };

    return names[kind];
}

/** With 64-bit offsets the headers rename these functions. */
static const char *
real_name(const char *name)
{
    static const char *const renamed[][2] = {
        {"open", "open64"},
        {"pread", "pread64"},
        {"pwrite", "pwrite64"},
        {"ftruncate", "ftruncate64"},
        {"posix_fallocate", "posix_fallocate64"},
        {"mmap", "mmap64"},
        {"fcntl", TIMED("fcntl", "")},
        {"stat", TIMED("stat", "64")},
        {"lstat", TIMED("lstat", "64")},
        {"fstat", TIMED("fstat", "64")},
        {"statvfs", "statvfs64"},
    };
    size_t i;

    for (i = 0; i < sizeof(renamed) / sizeof(renamed[0]); i++)
        if (strcmp(renamed[i][0], name) == 0)
            return renamed[i][1];
    return name;
}

static void *
real_function(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);

    assert(function != NULL);
    return function;
}

/** Whether a name lies below the directory, or is it. Under the lock. */
static bool
is_below(const char *path)
{
    size_t size = strlen(watched_directory);

    return path != NULL && strncmp(path, watched_directory, size) == 0 &&
           (path[size] == '/' || path[size] == '\0');
}

/** The name of what the call is about; false when it is none of ours. */
static bool
is_watched(struct call *call)
{
    if (call->fd >= 0 && call->fd < DESCRIPTOR_COUNT_MAX)
        call->path = paths[call->fd];
    return atomic_load(&current) != NULL && is_below(call->path);
}

/** Begin a call that is seen: with true, leave() must follow. */
static bool
enter(struct call *call)
{
    if (atomic_load(&current) == NULL || inside)
        return false;
    (void)pthread_mutex_lock(&lock);
    if (!is_watched(call)) {
        (void)pthread_mutex_unlock(&lock);
        return false;
    }
    inside = true;
    return true;
}

/** Ask the observer; false with errno set when the call is not to be made, and
 *  errno is 0 when it is pretended. */
static bool
is_allowed(struct call *call)
{
    const struct call_observer *observer = atomic_load(&current);
    int answer = 0;

    if (observer->before != NULL)
        answer = observer->before(observer->userdata, call);
    errno = answer == CALL_PRETEND ? 0 : answer;
    return answer == 0;
}

/** Remember by which name a descriptor was opened, or forget it. */
static void
name_descriptor(int fd, const char *path)
{
    if (fd < 0 || fd >= DESCRIPTOR_COUNT_MAX)
        return;
    free(paths[fd]);
    paths[fd] = path != NULL ? strdup(path) : NULL;
}

/** End a call, and return its result. errno is left as it is. */
static int64_t
leave(const struct call *call, int64_t result)
{
    const struct call_observer *observer = atomic_load(&current);
    const int error = errno;

    if (result < 0 && error == 0)
        result = call->kind == CALL_WRITE ? (int64_t)call->size : 0;
    if (result >= 0 && observer->after != NULL)
        observer->after(observer->userdata, call, result);
    if (call->kind == CALL_CLOSE)
        name_descriptor(call->fd, NULL);
    inside = false;
    (void)pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

/** Forget a descriptor that is closed unseen. */
static void
forget_descriptor(int fd)
{
    if (inside || fd < 0 || fd >= DESCRIPTOR_COUNT_MAX)
        return;
    (void)pthread_mutex_lock(&lock);
    name_descriptor(fd, NULL);
    (void)pthread_mutex_unlock(&lock);
}

int
open(const char *path, int flags, ...)
{
    struct call call = {
        .kind = CALL_OPEN, .path = path, .fd = -1, .flags = flags};
    mode_t mode = 0;
    int fd = -1;

    if ((flags & O_CREAT) != 0) {
        va_list arguments;

        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    if (!enter(&call))
        return REAL(open)(path, flags, mode);
    if (is_allowed(&call))
        fd = REAL(open)(path, flags, mode);
    name_descriptor(fd, path);
    call.fd = fd;
    return (int)leave(&call, fd);
}

DIR *
opendir(const char *path)
{
    struct call call = {
        .kind = CALL_OPEN, .path = path, .fd = -1, .flags = O_DIRECTORY};
    DIR *directory = NULL;

    if (!enter(&call))
        return REAL(opendir)(path);
    if (is_allowed(&call))
        directory = REAL(opendir)(path);
    (void)leave(&call, directory != NULL ? 0 : -1);
    return directory;
}

/* Linux closes a descriptor also when it says that this failed. */
int
close(int fd)
{
    struct call call = {.kind = CALL_CLOSE, .fd = fd};
    int result = -1;
    int error;

    if (!enter(&call)) {
        forget_descriptor(fd);
        return REAL(close)(fd);
    }
    if (is_allowed(&call))
        return (int)leave(&call, REAL(close)(fd));
    error = errno;
    result = REAL(close)(fd);
    errno = error;
    return (int)leave(&call, error != 0 ? -1 : result);
}

/** The whole of a function that makes its call as it is told to, where each has
 *  arguments of its own. */
#define CALL(call, name, ...)                                                  \
    do {                                                                       \
        __typeof__(name(__VA_ARGS__)) result_ = -1;                            \
                                                                               \
        if (!enter(&(call)))                                                   \
            return REAL(name)(__VA_ARGS__);                                    \
        if (is_allowed(&(call)))                                               \
            result_ = REAL(name)(__VA_ARGS__);                                 \
        return (__typeof__(result_))leave(&(call), result_);                   \
    } while (0)

ssize_t
read(int fd, void *bytes, size_t size)
{
    struct call call = {.kind = CALL_READ, .fd = fd, .size = size};

    CALL(call, read, fd, bytes, call.size);
}

ssize_t
pread(int fd, void *bytes, size_t size, off_t offset)
{
    struct call call = {
        .kind = CALL_READ, .fd = fd, .size = size, .offset = offset};

    CALL(call, pread, fd, bytes, call.size, offset);
}

ssize_t
write(int fd, const void *bytes, size_t size)
{
    struct call call = {
        .kind = CALL_WRITE, .fd = fd, .bytes = bytes, .size = size};
    ssize_t result = -1;

    if (!enter(&call))
        return REAL(write)(fd, bytes, size);
    if (is_allowed(&call)) {
        result = REAL(write)(fd, bytes, call.size);
        call.offset = lseek(fd, 0, SEEK_CUR) - result;
    }
    return (ssize_t)leave(&call, result);
}

ssize_t
pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    struct call call = {.kind = CALL_WRITE,
                        .fd = fd,
                        .bytes = bytes,
                        .size = size,
                        .offset = offset};

    CALL(call, pwrite, fd, bytes, call.size, offset);
}

int
fsync(int fd)
{
    struct call call = {.kind = CALL_SYNC, .fd = fd};

    CALL(call, fsync, fd);
}

int
fdatasync(int fd)
{
    struct call call = {.kind = CALL_SYNC, .fd = fd};

    CALL(call, fdatasync, fd);
}

int
ftruncate(int fd, off_t size)
{
    struct call call = {.kind = CALL_TRUNCATE, .fd = fd, .offset = size};

    CALL(call, ftruncate, fd, size);
}

/* It returns its error instead of setting errno. */
int
posix_fallocate(int fd, off_t offset, off_t size)
{
    struct call call = {.kind = CALL_ALLOCATE,
                        .fd = fd,
                        .size = (size_t)size,
                        .offset = offset};
    int error = 0;

    if (!enter(&call))
        return REAL(posix_fallocate)(fd, offset, size);
    if (is_allowed(&call))
        error = REAL(posix_fallocate)(fd, offset, size);
    else
        error = errno;
    errno = error;
    (void)leave(&call, error != 0 ? -1 : 0);
    return error;
}

int
rename(const char *path, const char *new_path)
{
    struct call call = {
        .kind = CALL_RENAME, .path = path, .new_path = new_path, .fd = -1};

    CALL(call, rename, path, new_path);
}

int
renameat2(int fd, const char *path, int new_fd, const char *new_path,
          unsigned flags)
{
    struct call call = {.kind = CALL_RENAME,
                        .path = path,
                        .new_path = new_path,
                        .fd = -1,
                        .flags = (int)flags};

    CALL(call, renameat2, fd, path, new_fd, new_path, flags);
}

int
link(const char *path, const char *new_path)
{
    struct call call = {
        .kind = CALL_LINK, .path = path, .new_path = new_path, .fd = -1};

    CALL(call, link, path, new_path);
}

int
unlink(const char *path)
{
    struct call call = {.kind = CALL_UNLINK, .path = path, .fd = -1};

    CALL(call, unlink, path);
}

int
stat(const char *path, struct stat *ret_status)
{
    struct call call = {.kind = CALL_STAT, .path = path, .fd = -1};

    CALL(call, stat, path, ret_status);
}

int
lstat(const char *path, struct stat *ret_status)
{
    struct call call = {.kind = CALL_STAT, .path = path, .fd = -1};

    CALL(call, lstat, path, ret_status);
}

int
fstat(int fd, struct stat *ret_status)
{
    struct call call = {.kind = CALL_STAT, .fd = fd};

    CALL(call, fstat, fd, ret_status);
}

int
statvfs(const char *path, struct statvfs *ret_status)
{
    struct call call = {.kind = CALL_STAT, .path = path, .fd = -1};

    CALL(call, statvfs, path, ret_status);
}

int
access(const char *path, int mode)
{
    struct call call = {.kind = CALL_STAT, .path = path, .fd = -1};

    CALL(call, access, path, mode);
}

int
flock(int fd, int operation)
{
    struct call call = {.kind = CALL_LOCK, .fd = fd};

    CALL(call, flock, fd, operation);
}

int
fcntl(int fd, int command, ...)
{
    struct call call = {.kind = CALL_LOCK, .fd = fd};
    va_list arguments;
    void *argument;

    va_start(arguments, command);
    argument = va_arg(arguments, void *);
    va_end(arguments);
    if (command != F_SETLK && command != F_SETLKW)
        return REAL(fcntl)(fd, command, argument);
    call.flags = ((const struct flock *)argument)->l_type;
    CALL(call, fcntl, fd, command, argument);
}

void *
mmap(void *address, size_t size, int protection, int flags, int fd,
     off_t offset)
{
    struct call call = {.kind = CALL_MAP,
                        .fd = fd,
                        .size = size,
                        .offset = offset,
                        .flags = flags};
    void *memory = MAP_FAILED;

    if (fd < 0 || !enter(&call))
        return REAL(mmap)(address, size, protection, flags, fd, offset);
    if (is_allowed(&call))
        memory = REAL(mmap)(address, size, protection, flags, fd, offset);
    (void)leave(&call, memory != MAP_FAILED ? 0 : -1);
    return memory;
}
