/* SPDX-License-Identifier: MIT */
/* The file's tables and columns in words: names alone leave a model guessing.
 */
#include "dictionary.h"

#include <string.h>

#define MS "ms since 1970"

/* What event_log, events and backlog have in common. */
#define EVENT_COLUMNS                                                          \
    {"id", "INTEGER",                                                          \
     "1, 2, 3 ... in the order of arrival, without a gap; indexed"},           \
        {"device_id", "TEXT", "who reported it"},                              \
        {"kind", "TEXT", "what sort of event it is"},                          \
        {"payload_json", "TEXT",                                               \
         "any JSON value as it was sent, NULL for none; take it apart with "   \
         "payload_json ->> '$.member'"},                                       \
    {                                                                          \
        "ts", "INTEGER",                                                       \
            MS ", by the device's clock, or else when it arrived; not indexed" \
    }

static const struct dictionary_column event_log[] = {EVENT_COLUMNS,
                                                     {.name = NULL}};

static const struct dictionary_column events[] = {
    EVENT_COLUMNS,
    {"uploaded_at", "INTEGER",
     "when it left the backlog, " MS "; NULL while it is pending, 0 when that "
     "is not known any more"},
    {.name = NULL}};

static const struct dictionary_column ledger[] = {
    {"accepted", "INTEGER", "events ever taken: the sum of the others"},
    {"delivered", "INTEGER", "events that the upstream has"},
    {"dead", "INTEGER", "events that the upstream refused for good"},
    {"dropped", "INTEGER", "events that had to make room for newer ones"},
    {"pending", "INTEGER", "events that wait to be delivered: the backlog"},
    {.name = NULL}};

static const struct dictionary_column devices[] = {
    {"id", "INTEGER", "the order in which devices were first seen"},
    {"device_key", "TEXT", "the device_id of its events"},
    {"label", "TEXT", "not used by the collector: NULL"},
    {"last_seen_at", "INTEGER", "the latest ts of its events, " MS},
    {.name = NULL}};

static const struct dictionary_column upload_runs[] = {
    {"id", "INTEGER", "1, 2, 3 ... in the order in which they began"},
    {"started_at", "INTEGER", "when it began, " MS},
    {"finished_at", "INTEGER",
     "when it ended, " MS "; of an outage, its latest attempt"},
    {"event_count", "INTEGER", "events in it"},
    {"status", "TEXT",
     "success: a batch was delivered; dead: an event was refused for good; "
     "dropped: events had to make room; error: an outage, with all of its "
     "attempts in one row"},
    {"error", "TEXT", "why, unless it is a success"},
    {"first_id", "INTEGER", "the first event in it"},
    {"last_id", "INTEGER", "the last event in it"},
    {"attempts", "INTEGER", "how often it was tried"},
    {"uptime_ms", "INTEGER", "how long the store had been open by then, ms"},
    {.name = NULL}};

static const struct dictionary_column dead_letters[] = {
    {"event_id", "INTEGER", "the event, which is still in event_log"},
    {"at", "INTEGER", "when the upstream refused it, " MS},
    {"status", "INTEGER", "the HTTP status that refused it"},
    {"reason", "TEXT", "what the upstream said"},
    {"attempts", "INTEGER", "how often it was sent"},
    {"replayed_as", "INTEGER",
     "the id under which it was appended again; NULL if it was not"},
    {.name = NULL}};

static const struct dictionary_column quarantines[] = {
    {"id", "INTEGER", "1, 2, 3 ..."},
    {"at", "INTEGER", "when a damaged file was put aside, " MS},
    {"path", "TEXT", "where it is now"},
    {"reason", "TEXT", "what was wrong with it"},
    {"previous_collector_id", "TEXT", "the collector_id of that file"},
    {"through", "INTEGER", "up to which of its ids it was read"},
    {"salvaged", "INTEGER", "pending events that were taken over from it"},
    {"lost", "INTEGER", "pending events, at least, that can't be read"},
    {"finished_at", "INTEGER",
     "when all was taken over, " MS "; NULL while it goes on"},
    {.name = NULL}};

static const struct dictionary_column state[] = {
    {"id", "INTEGER", "1: there is one row"},
    {"collector_id", "TEXT",
     "a UUID: (collector_id, id) names an event for ever"},
    {"previous_collector_id", "TEXT", "of the file before this one"},
    {"snapshot_of", "TEXT", "of the file that this one was copied from"},
    {"created_at", "INTEGER", "when the file was made, " MS},
    {"settled_through", "INTEGER",
     "events up to this id are not pending any more"},
    {"delivered", "INTEGER", "see ledger"},
    {"dead", "INTEGER", "see ledger"},
    {"dropped", "INTEGER", "see ledger"},
    {"dead_in_a_row", "INTEGER",
     "events refused for good without a delivery between them; at 10 the "
     "upstream is taken for broken"},
    {"devices_through", "INTEGER", "up to which id events are in device_state"},
    {"storage_faults", "INTEGER",
     "commits that failed, since the file was made"},
    {"uptime_ms", "INTEGER", "how long the store has been open in all, ms"},
    {.name = NULL}};

static const struct dictionary_column device_state[] = {
    {"id", "INTEGER", "see devices"},
    {"device_key", "TEXT", "see devices"},
    {"label", "TEXT", "see devices"},
    {"last_seen_at", "INTEGER",
     "see devices, which has the latest events in it as well"},
    {.name = NULL}};

static const struct dictionary_column idempotency[] = {
    {"first_id", "INTEGER", "the first event of the request"},
    {"key", "TEXT", "its Idempotency-Key"},
    {"event_count", "INTEGER", "events in the request"},
    {"created_at", "INTEGER", "when it came, " MS},
    {"body_hash", "BLOB", "what its body is compared by"},
    {"uptime_ms", "INTEGER", "how long the store had been open by then, ms"},
    {.name = NULL}};

static const struct dictionary_table tables[] = {
    {"events",
     "view: every event that is kept, and when it left the backlog; pending "
     "ones have uploaded_at NULL",
     events},
    {"event_log",
     "every event that is kept; as events, but faster, without uploaded_at",
     event_log},
    {"backlog", "view: the events that wait to be delivered", event_log},
    {"ledger",
     "view: one row, how many events were accepted, and what became of them",
     ledger},
    {"devices", "view: each device and when it was last seen", devices},
    {"upload_runs",
     "what was settled, together and when: batches that were delivered, dead "
     "letters, drops; and outages with their reasons",
     upload_runs},
    {"dead_letters",
     "which events the upstream refused for good, and why; join with "
     "event_log on event_id = event_log.id",
     dead_letters},
    {"quarantines", "damaged files that were put aside", quarantines},
    {"state", "one row: the collector's name, and its counters", state},
    {"device_state", "what the view devices is made of: use that",
     device_state},
    {"idempotency", "Idempotency-Keys that are remembered", idempotency},
};

const struct dictionary_table *
dictionary_at(size_t i)
{
    return i < sizeof(tables) / sizeof(*tables) ? &tables[i] : NULL;
}

const struct dictionary_table *
dictionary_find(const char *name)
{
    const struct dictionary_table *table;
    size_t i;

    for (i = 0; (table = dictionary_at(i)) != NULL; i++) {
        if (strcmp(table->name, name) == 0)
            return table;
    }
    return NULL;
}
