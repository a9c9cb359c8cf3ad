/* SPDX-License-Identifier: MIT */
/* The machine, in the few words without which no figure means anything. */
#include "machine.h"

#include "clock.h"
#include "median.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Writes of one page, each with an fsync, of which the median counts. */
#define SYNC_COUNT 101
#define PAGE_SIZE 4096

static void
read_cpu(char *name, size_t size)
{
    FILE *file = fopen("/proc/cpuinfo", "re");
    char line[256];

    (void)snprintf(name, size, "unknown CPU");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        const char *value = strchr(line, ':');

        if (strncmp(line, "model name", 10) != 0 || value == NULL)
            continue;
        (void)snprintf(name, size, "%.*s", (int)strcspn(value + 2, "\n"),
                       value + 2);
        break;
    }
    if (file != NULL)
        (void)fclose(file); /* it was only read */
}

static const char *
file_system(const char *directory)
{
    struct statfs about;

    if (statfs(directory, &about) != 0)
        return "unknown file system";
    switch ((unsigned long)about.f_type) {
    case 0xEF53:
        return "ext4";
    case 0x01021994:
        return "tmpfs, which survives no power cut";
    case 0x9123683E:
        return "btrfs";
    case 0x58465342:
        return "xfs";
    case 0x794c7630:
        return "overlayfs";
    case 0xF2F52010:
        return "f2fs";
    default:
        return "another file system";
    }
}

/** The median time to write a page again and sync it, in ms; 0 when it can't
 *  be measured. */
static double
sync_ms(const char *directory)
{
    static const char page[PAGE_SIZE];
    double times[SYNC_COUNT];
    char path[4096];
    uint64_t started;
    int fd;
    int i;

    (void)snprintf(path, sizeof(path), "%s/loadgen-sync-XXXXXX", directory);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return 0;
    (void)unlink(path); /* gone with the descriptor */
    for (i = 0; i < SYNC_COUNT; i++) {
        started = clock_now_ns();
        if (pwrite(fd, page, sizeof(page), 0) != PAGE_SIZE ||
            fdatasync(fd) != 0)
            break;
        times[i] = (double)(clock_now_ns() - started) / 1e6;
    }
    (void)close(fd);
    if (i < SYNC_COUNT)
        return 0;
    return median_of(times, SYNC_COUNT);
}

json_t *
machine_describe(const char *directory)
{
    struct utsname system;
    char cpu[128];

    read_cpu(cpu, sizeof(cpu));
    (void)uname(&system); /* fails on misuse only */
    return json_pack("{s:s, s:I, s:s, s:s, s:f}", "cpu", cpu, "cpus",
                     (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "kernel",
                     system.release, "file_system", file_system(directory),
                     "fdatasync_ms", sync_ms(directory));
}

void
machine_print(const json_t *machine)
{
    (void)printf("%lld × %s, Linux %s, %s, fdatasync of a page %.3f ms\n",
                 json_integer_value(json_object_get(machine, "cpus")),
                 json_string_value(json_object_get(machine, "cpu")),
                 json_string_value(json_object_get(machine, "kernel")),
                 json_string_value(json_object_get(machine, "file_system")),
                 json_real_value(json_object_get(machine, "fdatasync_ms")));
}
