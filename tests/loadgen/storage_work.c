/* SPDX-License-Identifier: MIT */
/*
 * Syncs are counted where they are asked for: this program's fsync() and
 * fdatasync() come before libc's, for the libraries as well. The kernel's
 * account says how much was written.
 */
#include "storage_work.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Atomic uint64_t sync_count;

int
fsync(int fd)
{
    atomic_fetch_add(&sync_count, 1);
    return (int)syscall(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
    atomic_fetch_add(&sync_count, 1);
    return (int)syscall(SYS_fdatasync, fd);
}

static bool
read_written_size(uint64_t *ret_size)
{
    FILE *file = fopen("/proc/self/io", "re");
    char line[128];
    bool found = false;

    while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL)
        found = sscanf(line, "write_bytes: %" SCNu64, ret_size) == 1;
    if (file != NULL)
        (void)fclose(file); /* it was only read */
    return found;
}

void
storage_work_read(struct storage_work *ret_work)
{
    ret_work->sync_count = atomic_load(&sync_count);
    ret_work->written_size = 0;
    ret_work->written_known = read_written_size(&ret_work->written_size);
}

void
storage_work_add_since(struct storage_work *sum,
                       const struct storage_work *before)
{
    struct storage_work now;

    storage_work_read(&now);
    sum->sync_count += now.sync_count - before->sync_count;
    sum->written_size += now.written_size - before->written_size;
    sum->written_known = now.written_known && before->written_known;
}

json_t *
storage_work_per_event(const struct storage_work *work, uint64_t event_count)
{
    if (!work->written_known || event_count == 0)
        return json_null();
    return json_real((double)work->written_size / (double)event_count);
}
