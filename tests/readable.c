/* SPDX-License-Identifier: MIT */
#include "readable.h"

struct harness harness;
struct collector_reader *reader;

void
readable_start(void)
{
    harness_prepare(&harness, COLLECTOR_MODE_GROUP);
    harness_open(&harness);
    ck_assert_str_eq(support_format("%lld", (long long)harness.clock.wall_ms),
                     NOW);
    reader = reading_open(harness.path);
}

void
readable_stop(void)
{
    collector_reader_free(reader);
    harness_close(&harness);
}

void
readable_limit_rows(uint32_t rows_max)
{
    ck_assert_ok(collector_reader_set_rows_max(reader, rows_max));
}
