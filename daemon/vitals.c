/* SPDX-License-Identifier: MIT */
/* The process as the system sees it: what /proc and the clocks say. */
#include "vitals.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* A line of what is read. A longer one, such as that of all interrupts, comes
 * in pieces, none of which looks like what is asked for. */
#define LINE_SIZE 1024

/* Of /proc/self/stat, behind the name in parentheses: "state", and then this
 * many numbers before the one that says when it was started. */
#define FIELDS_BEFORE_START 18

/* In ticks since the system was booted. */
static uint64_t
read_start_ticks(void)
{
    char line[LINE_SIZE];
    FILE *file = fopen("/proc/self/stat", "re");
    char *at = NULL;
    uint64_t ticks = 0;
    int i;

    if (file != NULL && fgets(line, sizeof(line), file) != NULL)
        at = strrchr(line, ')'); /* the name may hold anything */
    for (i = 0; at != NULL && i < FIELDS_BEFORE_START + 2; i++)
        at = strchr(at + 1, ' ');
    if (at != NULL)
        (void)sscanf(at, " %" SCNu64, &ticks); /* 0 without */
    if (file != NULL)
        (void)fclose(file); /* it was only read */
    return ticks;
}

/* The number in the first line of a file that looks like that; 0 for none. */
static uint64_t
read_number(const char *path, const char *format)
{
    char line[LINE_SIZE];
    FILE *file = fopen(path, "re");
    uint64_t number = 0;

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, format, &number) == 1)
            break;
    }
    if (file != NULL)
        (void)fclose(file); /* it was only read */
    return number;
}

static uint64_t
started_at_s(void)
{
    const uint64_t booted_at_s = read_number("/proc/stat", "btime %" SCNu64);
    const long ticks_a_second = sysconf(_SC_CLK_TCK);

    if (booted_at_s == 0 || ticks_a_second <= 0)
        return 0;
    return booted_at_s + read_start_ticks() / (uint64_t)ticks_a_second;
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
        read_number("/proc/self/statm", "%*u %" SCNu64) *
        (uint64_t)sysconf(_SC_PAGESIZE);
    ret_vitals->descriptors = count_descriptors();
    ret_vitals->descriptors_max = limit.rlim_cur;
}
