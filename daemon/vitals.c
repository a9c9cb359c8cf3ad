/* SPDX-License-Identifier: MIT */
/* The process as the system sees it: what /proc and the clocks say. */
#include "vitals.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* A line of what is read. A longer one, such as that of all interrupts, comes
 * in pieces, none of which looks like what is asked for. */
#define LINE_SIZE 1024

/* Where numbers stand: behind so many spaces, counted from the parenthesis that
 * ends a process' name, which may hold anything. */
#define SPACES_TO_RESIDENT 1
#define SPACES_TO_START 20

/* The number there, in the first line that begins like that; 0 for none. */
static uint64_t
read_number(const char *path, const char *beginning, int spaces)
{
    char line[LINE_SIZE];
    FILE *file = fopen(path, "re");
    const char *at = line;
    bool found = false;
    int i;

    while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL)
        found = strncmp(line, beginning, strlen(beginning)) == 0;
    if (file != NULL)
        (void)fclose(file); /* it was only read */
    if (!found)
        return 0;
    if (strrchr(line, ')') != NULL)
        at = strrchr(line, ')');
    for (i = 0; at != NULL && i < spaces; i++)
        at = strchr(at + 1, ' ');
    return at != NULL ? strtoull(at, NULL, 10) : 0;
}

static int64_t
now_ms(clockid_t clock)
{
    struct timespec now = {.tv_sec = 0};

    (void)clock_gettime(clock, &now); /* it exists */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* By the clock that counts from the system's start, since a service manager
 * may hide /proc/stat, which says when that was. */
static uint64_t
started_at_s(void)
{
    const long ticks_a_second = sysconf(_SC_CLK_TCK);
    const uint64_t ticks = read_number("/proc/self/stat", "", SPACES_TO_START);
    int64_t age_ms;

    if (ticks == 0 || ticks_a_second <= 0)
        return 0;
    age_ms = now_ms(CLOCK_BOOTTIME) -
             (int64_t)(ticks * 1000 / (uint64_t)ticks_a_second);
    return (uint64_t)((now_ms(CLOCK_REALTIME) - age_ms) / 1000);
}

static uint64_t
count_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    uint64_t count = 0;

    if (directory == NULL)
        return 0;
    while (readdir(directory) != NULL)
        count++;
    (void)closedir(directory);        /* it was only read */
    return count > 3 ? count - 3 : 0; /* . and .., and the directory's own */
}

void
vitals_read(struct vitals *ret_vitals)
{
    struct timespec used = {.tv_sec = 0};
    struct rlimit limit = {.rlim_cur = 0};

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used); /* it exists */
    (void)getrlimit(RLIMIT_NOFILE, &limit);               /* likewise */
    ret_vitals->started_at_s = started_at_s();
    ret_vitals->cpu_ns =
        (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;
    ret_vitals->resident_size =
        read_number("/proc/self/statm", "", SPACES_TO_RESIDENT) *
        (uint64_t)sysconf(_SC_PAGESIZE);
    ret_vitals->descriptors = count_descriptors();
    ret_vitals->descriptors_max = limit.rlim_cur;
}
