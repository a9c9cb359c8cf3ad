/* SPDX-License-Identifier: MIT */
/* What /proc says of a process. */
#include "usage.h"

#include "support.h"

#include <dirent.h>
#include <stdio.h>

/* What an allocator may take for itself in the course of thousands of rounds:
 * less than one lost allocation a round comes to. */
#define SLACK_KIB 4096
#define SLACK_RANGES 60

static int64_t
count_entries(pid_t pid, const char *name)
{
    DIR *entries = opendir(support_format("/proc/%d/%s", (int)pid, name));
    int64_t count = 0;

    ck_assert_ptr_nonnull(entries);
    while (readdir(entries) != NULL)
        count++;
    (void)closedir(entries); /* it was only read */
    return count;
}

static int64_t
read_resident_kib(pid_t pid)
{
    FILE *file = fopen(support_format("/proc/%d/status", (int)pid), "re");
    char line[256];
    long kib = 0;

    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof(line), file) != NULL)
        if (sscanf(line, "VmRSS: %ld kB", &kib) == 1)
            break;
    (void)fclose(file); /* it was only read */
    ck_assert_int_gt(kib, 0);
    return kib;
}

static int64_t
count_ranges(pid_t pid)
{
    FILE *file = fopen(support_format("/proc/%d/maps", (int)pid), "re");
    int64_t count = 0;
    int c;

    ck_assert_ptr_nonnull(file);
    while ((c = getc(file)) != EOF)
        count += c == '\n';
    (void)fclose(file); /* it was only read */
    return count;
}

struct usage
usage_read(pid_t pid)
{
    const struct usage usage = {.descriptor_count = count_entries(pid, "fd"),
                                .thread_count = count_entries(pid, "task"),
                                .range_count = count_ranges(pid),
                                .resident_kib = read_resident_kib(pid)};

    return usage;
}

bool
usage_memory_counts(void)
{
    return !support_is_sanitized();
}

void
usage_assert_flat(pid_t pid, const struct usage *before)
{
    struct usage now;

    ck_assert_eventually((now = usage_read(pid)).thread_count <=
                             before->thread_count &&
                         now.descriptor_count <= before->descriptor_count);
    if (!usage_memory_counts())
        return;
    ck_assert_int_le(now.resident_kib, before->resident_kib + SLACK_KIB);
    ck_assert_int_le(now.range_count, before->range_count + SLACK_RANGES);
}
