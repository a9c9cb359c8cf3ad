/* SPDX-License-Identifier: MIT */
/* A file is made, copied, migrated, or replaced by another one. */
#include "scene_files.h"

#include "calls.h"
#include "damage.h"
#include "salvaged.h"
#include "serial.h"
#include "shift.h"

#include "schema_sql.h"

#include <errno.h>
#include <stdlib.h>

/** Of a store that is damaged. */
#define DAMAGED_COUNT 40
#define DAMAGED_DELIVERED_COUNT 10

/** Bytes that are spoiled: the header, and the schema behind it. */
#define SPOILED_SIZE 300

static void
close_store(struct script *script)
{
    collector_store_free(script->store);
    script->store = NULL;
}

void
scene_play_open(struct script *script)
{
    if (script_open(script))
        (void)script_append(script, 2, NULL);
    close_store(script);
    script->options.indexed = true;
    if (!script_open(script))
        return;
    (void)script_append(script, 1, "key");
    (void)script_stats(script);
}

void
scene_prepare_copy(struct script *script)
{
    (void)script_open(script);
    (void)script_append(script, 60, NULL);
}

void
scene_play_copy(struct script *script)
{
    struct collector_store *store = script->store;
    const bool is_made = script_copy(script, 0);

    (void)script_said(script, SCRIPT_SNAPSHOT,
                      collector_store_snapshot(store, script->options.path),
                      COLLECTOR_ERR_EXISTS);
    (void)script_said(
        script, SCRIPT_SNAPSHOT,
        collector_store_snapshot(
            store, support_path(support_path(script->directory, "no"), "no")),
        COLLECTOR_ERR_IO);
    collector_store_snapshot_cancel(store); /* of none */
    if (!is_made)
        (void)script_copy(script, 0); /* once more under the same name */
}

/** A row of the first schema. */
static const char *
row_sql(int64_t serial)
{
    struct serial_texts texts;
    const struct collector_event event = serial_event(serial, &texts);

    return support_format("INSERT INTO event_log VALUES (%lld, '%s', '%s',"
                          " '%s', %lld);",
                          (long long)serial, event.device_id, event.kind,
                          event.payload, (long long)event.ts);
}

void
scene_prepare_older(struct script *script)
{
    const char *sql = "PRAGMA journal_mode = WAL;" COLLECTOR_SCHEMA_SQL_1
                      "UPDATE state SET collector_id ="
                      " 'c0ffee00-0000-4000-8000-000000000000';"
                      "INSERT INTO idempotency VALUES (2, 'old', 1, 7, x'00');";
    int64_t serial;

    for (serial = 1; serial <= 3; serial++) {
        const struct collector_receipt receipt = {serial, 1, false};

        sql = support_format("%s%s", sql, row_sql(serial));
        script_begin(script, serial, 1, NULL);
        script_keep(script, serial, &receipt);
    }
    support_sql_create(script->options.path, sql);
    script->options.indexed = true;
}

void
scene_play_older(struct script *script)
{
    /* NOLINTNEXTLINE(misc-redundant-expression): it is tried twice */
    if (!script_open(script) && !script_open(script))
        return;
    (void)script_append(script, 2, "new");
    if (script_upload(script))
        script_drain(script, 1);
}

void
scene_prepare_log(struct script *script)
{
    const char *log_path = support_format("%s-wal", script->options.path);
    struct bytes file;
    struct bytes log;

    (void)script_open(script);
    (void)script_append(script, 9, "first");
    (void)script_append(script, 4, NULL);
    file = bytes_read(script->options.path);
    log = bytes_read(log_path);
    close_store(script);
    bytes_write(script->options.path, file);
    bytes_write(log_path, log);
    script->options.on_damage = COLLECTOR_DAMAGE_QUARANTINE;
}

void
scene_play_log(struct script *script)
{
    int tries;

    for (tries = 0; tries < 2 && !script_open(script); tries++)
        ;
    if (script->store == NULL)
        return;
    script_repeat(script, 1, 9, "first");
    (void)script_append(script, 2, NULL);
    if (script_upload(script))
        script_drain(script, 1);
}

void
scene_prepare_damage(struct script *script)
{
    const struct collector_batch_limits limits = {DAMAGED_DELIVERED_COUNT,
                                                  1 << 20};
    const struct collector_delivery delivery = {.attempts = 1};
    struct collector_batch *batch = NULL;

    (void)script_open(script);
    (void)script_append(script, DAMAGED_COUNT, NULL);
    ck_assert_ok(collector_store_fetch(script->store, &limits, &batch));
    ck_assert_ok(collector_store_checkpoint(script->store, batch, &delivery));
    collector_batch_free(batch);
    close_store(script);
    bytes_spoil(script->options.path, 0, SPOILED_SIZE, 1);
    script->options.on_damage = COLLECTOR_DAMAGE_QUARANTINE;
    script_forget(script); /* the new file gives its ids out anew */
}

void
scene_play_damage(struct script *script)
{
    int tries;

    for (tries = 0; tries < 3 && !script_open(script); tries++)
        ;
    if (script->store == NULL)
        return;
    (void)script_append(script, 2, NULL);
    script_maintain(script);
    (void)script_append(script, 2, NULL);
}

const char *
scene_judge_salvaged(struct script *script)
{
    struct claims *claims = calloc(1, sizeof(*claims));
    const char *fault = NULL;

    ck_assert(claims != NULL);
    if (script_open(script))
        fault = salvaged_finish(script->store);
    close_store(script);
    (void)claims_add_all(claims, &script->tape, 0, script->tape.count);
    if (fault == NULL)
        fault = salvaged_fault(script->options.path, claims,
                               DAMAGED_DELIVERED_COUNT + 1, DAMAGED_COUNT);
    free(claims);
    return fault;
}

static int
refuse_last_rename(void *userdata, struct call *call)
{
    (void)userdata;
    return call->kind == CALL_RENAME && strstr(call->path, ".fresh") != NULL &&
                   strstr(call->new_path, ".damaged") == NULL
               ? EIO
               : 0;
}

/** The damaged file is put aside, and the new one does not have its name yet.
 */
void
scene_prepare_resume(struct script *script)
{
    static const struct call_observer observer = {.before = refuse_last_rename};

    scene_prepare_damage(script);
    calls_observe(script->directory, &observer);
    ck_assert_error(collector_store_open(&script->options, &script->store),
                    COLLECTOR_ERR_IO);
    calls_observe(NULL, NULL);
    ck_assert_int_lt(support_file_size(script->options.path), 0);
}
