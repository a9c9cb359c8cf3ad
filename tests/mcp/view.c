/* SPDX-License-Identifier: MIT */
#include "view.h"

#include <string.h>
#include <sys/statvfs.h>

#define PLENTY (INT64_C(1) << 36)

int64_t view_disk_free = PLENTY;

/** In place of that of the C library. */
int
statvfs(const char *path, struct statvfs *system)
{
    (void)path;
    *system =
        (struct statvfs){.f_frsize = 1, .f_bavail = (fsblkcnt_t)view_disk_free};
    return 0;
}

void
view_setup(void)
{
    view_disk_free = PLENTY;
    mcp_setup();
}

struct standing
view_look(int64_t backlog_max, int64_t size_max)
{
    const struct standing_limits limits = {backlog_max, size_max};
    struct collector_reader_options options;
    struct collector_reader *reader = NULL;
    struct collector_answer answer;
    struct standing standing;

    collector_reader_options_init(&options);
    options.path = mcp_db;
    ck_assert_ok(collector_reader_open(&options, &reader));
    ck_assert_ok(standing_look(reader, mcp_db, &limits, mcp_now_ms(), &standing,
                               &answer));
    collector_reader_free(reader);
    return standing;
}

bool
view_says(const struct standing_sentences *sentences, const char *words)
{
    size_t i = 0;

    while (i < sentences->count && strstr(sentences->text[i], words) == NULL)
        i++;
    return i < sentences->count;
}

void
view_fill(void)
{
    int i;

    for (i = 300; i > 0; i--)
        mcp_append("a", "k", NULL, i * INT64_C(990));
}
