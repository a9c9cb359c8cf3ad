/* SPDX-License-Identifier: MIT */
/*
 * A storage that fails when told to. Everything is passed on to the default
 * VFS, whose file lies behind ours in the memory that SQLite provides.
 */
#include "fault_vfs.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* A code of our own, which SQLite never sees. */
#define CODE_KILL (-1)

struct fault {
    int code;
    uint64_t pass_count;
    uint64_t fail_count;
    uint32_t one_in;
    uint64_t call_count;
    uint64_t failure_count;
};

struct fault_file {
    sqlite3_file base;
    bool is_wal;
    bool is_copy;
    /** A store's own file, or its log. */
    bool is_store;
    /** The default VFS's own struct follows. */
    int64_t real[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct fault faults[FAULT_CALL_COUNT];
static int64_t size_max;
static uint32_t seed;
static struct fault_account account;
static sqlite3_vfs vfs;
static sqlite3_vfs *below;

static sqlite3_file *
real(sqlite3_file *file)
{
    return (sqlite3_file *)((struct fault_file *)file)->real;
}

/** A number from 0 to below; the same ones in each run. The lock is held. */
static uint32_t
draw(uint32_t limit)
{
    seed = seed * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)seed * limit) >> 32);
}

/** What becomes of a call: SQLITE_OK lets it through. */
static int
decide(enum fault_call call, int64_t end)
{
    struct fault *fault = &faults[call];
    int code = SQLITE_OK;

    (void)pthread_mutex_lock(&lock);
    fault->call_count++;
    if (fault->pass_count > 0) {
        fault->pass_count--;
    } else if (fault->fail_count > 0) {
        fault->fail_count--;
        code = fault->code;
    } else if (fault->one_in > 0 && draw(fault->one_in) == 0) {
        code = fault->code;
    }
    if (code == CODE_KILL)
        (void)kill(getpid(), SIGKILL); /* there is no more after it */
    if (size_max > 0 && end > size_max)
        code = SQLITE_FULL;
    if (code != SQLITE_OK)
        fault->failure_count++;
    (void)pthread_mutex_unlock(&lock);
    if (code != SQLITE_OK) /* SQLite asks for it when it reports the error */
        errno = code == SQLITE_FULL ? ENOSPC : EIO;
    return code;
}

static int
file_close(sqlite3_file *file)
{
    return real(file)->pMethods->xClose(real(file));
}

static int
file_read(sqlite3_file *file, void *buffer, int size, sqlite3_int64 offset)
{
    if (((struct fault_file *)file)->is_copy) {
        const int code = decide(FAULT_COPY_READ, 0);

        if (code != SQLITE_OK)
            return code;
    }
    return real(file)->pMethods->xRead(real(file), buffer, size, offset);
}

static int
file_write(sqlite3_file *file, const void *buffer, int size,
           sqlite3_int64 offset)
{
    int code = SQLITE_OK;

    if (((struct fault_file *)file)->is_wal)
        code = decide(FAULT_WAL_WRITE, offset + size);
    if (code == SQLITE_OK)
        code = real(file)->pMethods->xWrite(real(file), buffer, size, offset);
    if (code == SQLITE_OK && ((struct fault_file *)file)->is_store) {
        (void)pthread_mutex_lock(&lock);
        account.written_size += (uint64_t)size;
        (void)pthread_mutex_unlock(&lock);
    }
    return code;
}

static int
file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return real(file)->pMethods->xTruncate(real(file), size);
}

static int
file_sync(sqlite3_file *file, int flags)
{
    if (((struct fault_file *)file)->is_store) {
        (void)pthread_mutex_lock(&lock);
        account.sync_count++;
        (void)pthread_mutex_unlock(&lock);
    }
    if (((struct fault_file *)file)->is_wal) {
        const int code = decide(FAULT_WAL_SYNC, 0);

        if (code != SQLITE_OK)
            return code;
    }
    return real(file)->pMethods->xSync(real(file), flags);
}

static int
file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real(file)->pMethods->xFileSize(real(file), size);
}

static int
file_lock(sqlite3_file *file, int level)
{
    return real(file)->pMethods->xLock(real(file), level);
}

static int
file_unlock(sqlite3_file *file, int level)
{
    return real(file)->pMethods->xUnlock(real(file), level);
}

static int
file_check_reserved_lock(sqlite3_file *file, int *result)
{
    return real(file)->pMethods->xCheckReservedLock(real(file), result);
}

static int
file_control(sqlite3_file *file, int operation, void *argument)
{
    return real(file)->pMethods->xFileControl(real(file), operation, argument);
}

static int
file_sector_size(sqlite3_file *file)
{
    return real(file)->pMethods->xSectorSize(real(file));
}

static int
file_characteristics(sqlite3_file *file)
{
    return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static int
file_shm_map(sqlite3_file *file, int page, int size, int extend,
             void volatile **memory)
{
    return real(file)->pMethods->xShmMap(real(file), page, size, extend,
                                         memory);
}

static int
file_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}

static void
file_shm_barrier(sqlite3_file *file)
{
    real(file)->pMethods->xShmBarrier(real(file));
}

static int
file_shm_unmap(sqlite3_file *file, int delete_it)
{
    return real(file)->pMethods->xShmUnmap(real(file), delete_it);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2, /* without memory mapping, which nobody asks for */
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_reserved_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

static int
vfs_open(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags,
         int *ret_flags)
{
    struct fault_file *fault_file = (struct fault_file *)file;
    int code;

    (void)self;
    memset(file, 0, (size_t)vfs.szOsFile);
    fault_file->is_wal = (flags & SQLITE_OPEN_WAL) != 0;
    fault_file->is_copy =
        (flags & SQLITE_OPEN_MAIN_DB) != 0 && strstr(name, ".tmp-") != NULL;
    fault_file->is_store =
        fault_file->is_wal ||
        ((flags & SQLITE_OPEN_MAIN_DB) != 0 && !fault_file->is_copy);
    code = below->xOpen(below, name, real(file), flags, ret_flags);
    if (real(file)->pMethods != NULL)
        file->pMethods = &methods;
    return code;
}

const char *
fault_vfs_register(void)
{
    (void)pthread_mutex_lock(&lock);
    if (below == NULL) {
        below = sqlite3_vfs_find(NULL);
        vfs = *below;
        vfs.pNext = NULL;
        vfs.zName = "fault";
        vfs.szOsFile = (int)sizeof(struct fault_file) + below->szOsFile;
        vfs.xOpen = vfs_open;
        (void)sqlite3_vfs_register(&vfs, 0); /* fails on misuse only */
    }
    (void)pthread_mutex_unlock(&lock);
    fault_vfs_heal();
    return vfs.zName;
}

void
fault_vfs_fail(enum fault_call call, int code, uint64_t pass_count,
               uint64_t fail_count)
{
    (void)pthread_mutex_lock(&lock);
    faults[call].code = code;
    faults[call].pass_count = pass_count;
    faults[call].fail_count = fail_count;
    (void)pthread_mutex_unlock(&lock);
}

void
fault_vfs_kill(enum fault_call call, uint64_t pass_count)
{
    fault_vfs_fail(call, CODE_KILL, pass_count, 1);
}

void
fault_vfs_fail_randomly(enum fault_call call, int code, uint32_t one_in)
{
    (void)pthread_mutex_lock(&lock);
    faults[call].code = code;
    faults[call].one_in = one_in;
    (void)pthread_mutex_unlock(&lock);
}

void
fault_vfs_limit(int64_t wal_size_max)
{
    (void)pthread_mutex_lock(&lock);
    size_max = wal_size_max;
    (void)pthread_mutex_unlock(&lock);
}

void
fault_vfs_heal(void)
{
    int i;

    (void)pthread_mutex_lock(&lock);
    for (i = 0; i < FAULT_CALL_COUNT; i++) {
        faults[i].pass_count = 0;
        faults[i].fail_count = 0;
        faults[i].one_in = 0;
    }
    size_max = 0;
    (void)pthread_mutex_unlock(&lock);
}

uint64_t
fault_vfs_call_count(enum fault_call call)
{
    uint64_t count;

    (void)pthread_mutex_lock(&lock);
    count = faults[call].call_count;
    (void)pthread_mutex_unlock(&lock);
    return count;
}

uint64_t
fault_vfs_failure_count(enum fault_call call)
{
    uint64_t count;

    (void)pthread_mutex_lock(&lock);
    count = faults[call].failure_count;
    (void)pthread_mutex_unlock(&lock);
    return count;
}

struct fault_account
fault_vfs_account(void)
{
    struct fault_account now;

    (void)pthread_mutex_lock(&lock);
    now = account;
    (void)pthread_mutex_unlock(&lock);
    return now;
}
