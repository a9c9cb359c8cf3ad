/* SPDX-License-Identifier: MIT */
/* The meter of a build without one: nothing is counted, and all is 0. */
#include "meter.h"

void
collector__meter_attach(struct collector__connection *connection)
{
    (void)connection;
}

void
collector__meter_note_pruned(struct collector__connection *connection)
{
    (void)connection;
}

void
collector__meter_note_commit(struct collector__connection *connection)
{
    (void)connection;
}

void
collector__meter_note_log_move(struct collector__database *database)
{
    (void)database;
}

void
collector__meter_read(struct collector__database *database,
                      struct collector_store_stats *stats)
{
    (void)database;
    (void)stats;
}
