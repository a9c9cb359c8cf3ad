/* SPDX-License-Identifier: MIT */
/* A small disk of the test's own. */
#include "disk.h"

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

/** What takes the room. */
#define FILLER "filler"

/** Whether mounts of this process are its own from now on. */
static bool
have_own_mounts(void)
{
    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return false;
    return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

bool
disk_mount(const char *dir, size_t size)
{
    if (have_own_mounts() &&
        mount("tmpfs", dir, "tmpfs", 0, support_format("size=%zu", size)) == 0)
        return true;
    (void)printf("skipped: a disk can't be mounted here: %s\n",
                 strerror(errno));
    return false;
}

uint64_t
disk_free_size(const char *dir)
{
    struct statvfs status;

    ck_assert_int_eq(statvfs(dir, &status), 0);
    return (uint64_t)status.f_bavail * status.f_frsize;
}

void
disk_fill(const char *dir, uint64_t left_size)
{
    const int fd = open(support_path(dir, FILLER), O_WRONLY | O_CREAT, 0600);
    static const char block[4096];

    ck_assert_int_ge(fd, 0);
    ck_assert_int_ge(lseek(fd, 0, SEEK_END), 0);
    while (disk_free_size(dir) > left_size &&
           write(fd, block, sizeof(block)) > 0)
        ;
    ck_assert_int_eq(close(fd), 0);
}

void
disk_empty(const char *dir)
{
    (void)unlink(support_path(dir, FILLER)); /* if it is there */
}
