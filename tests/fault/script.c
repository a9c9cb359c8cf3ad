/* SPDX-License-Identifier: MIT */
/*
 * What is called here is called with any of its allocations, reads or writes
 * failing. So nothing is taken for granted but what was answered.
 */
#include "script.h"

#include "serial.h"
#include "shift.h"

#include <dirent.h>
#include <stdio.h>

/** Steps that a drain takes at most: far more than it does. */
#define DRAIN_STEP_MAX 400

/** The number of the snapshot that is taken after the trouble. */
#define RECOVERED_COPY (CLAIMS_COPY_MAX - 1)

/** Longer than anybody rests after a failure. */
#define REST_MS (INT64_C(10) * 60 * 1000)

/** Longer than the program that keeps a thread's uploader waits for it. */
#define KEY_RETAIN_MS (UINT64_C(10) * 365 * 24 * 60 * 60 * 1000)

#define ERROR(name) (1U << -COLLECTOR_ERR_##name)

#define STORAGE_ERRORS                                                         \
    (ERROR(BUSY) | ERROR(NOSPACE) | ERROR(CORRUPT) | ERROR(IO) | ERROR(NOMEM))

/** Readers write nothing. */
#define READER_ERRORS                                                          \
    (ERROR(INVALID) | ERROR(BUSY) | ERROR(CORRUPT) | ERROR(IO) | ERROR(NOMEM))

#define APPEND_ERRORS                                                          \
    (ERROR(INVALID) | ERROR(TOO_BIG) | ERROR(FULL) | ERROR(CONFLICT) |         \
     STORAGE_ERRORS)

/** The closed lists of the headers. */
static const struct {
    const char *name;
    unsigned errors;
} functions[] = {
    [SCRIPT_OPEN] = {"collector_store_open", ERROR(INVALID) | ERROR(LOCKED) |
                                                 ERROR(FOREIGN) | ERROR(NEWER) |
                                                 STORAGE_ERRORS},
    [SCRIPT_APPEND] = {"collector_store_append", APPEND_ERRORS},
    [SCRIPT_FETCH] = {"collector_store_fetch", ERROR(INVALID) | STORAGE_ERRORS},
    [SCRIPT_CHECKPOINT] = {"collector_store_checkpoint",
                           ERROR(INVALID) | STORAGE_ERRORS},
    [SCRIPT_SNAPSHOT] = {"collector_store_snapshot",
                         ERROR(INVALID) | ERROR(EXISTS) | ERROR(CANCELLED) |
                             STORAGE_ERRORS},
    [SCRIPT_MAINTAIN] = {"collector_store_maintain",
                         ERROR(INVALID) | STORAGE_ERRORS},
    [SCRIPT_BATCH_JSON] = {"collector_batch_json",
                           ERROR(INVALID) | ERROR(NOMEM)},
    [SCRIPT_SINK_NEW] = {"collector_sink_new", ERROR(INVALID) | ERROR(NOMEM)},
    /* What a sink returns is up to it: ours have no other reason. */
    [SCRIPT_SINK_DELIVER] = {"collector_sink_deliver", ERROR(NOMEM)},
    [SCRIPT_UPLOADER_NEW] = {"collector_uploader_new",
                             ERROR(INVALID) | ERROR(NOMEM)},
    [SCRIPT_DRAIN] = {"collector_uploader_drain", ERROR(INVALID) | ERROR(BUSY)},
    [SCRIPT_START] = {"collector_uploader_start",
                      ERROR(INVALID) | ERROR(BUSY) | ERROR(NOMEM)},
    [SCRIPT_STOP] = {"collector_uploader_stop", ERROR(INVALID)},
    [SCRIPT_LIST] = {"collector_dead_letters_list",
                     ERROR(INVALID) | STORAGE_ERRORS},
    [SCRIPT_REPLAY] = {"collector_dead_letters_replay", APPEND_ERRORS},
    [SCRIPT_PURGE] = {"collector_dead_letters_purge",
                      ERROR(INVALID) | STORAGE_ERRORS},
    [SCRIPT_READER_OPEN] = {"collector_reader_open",
                            ERROR(FOREIGN) | ERROR(NEWER) | READER_ERRORS},
    [SCRIPT_QUESTION] = {"a question", ERROR(TOO_BIG) | ERROR(TIMEOUT) |
                                           ERROR(CANCELLED) | READER_ERRORS},
};

void
script_init(struct script *script, struct trouble *trouble,
            enum collector_write_mode mode)
{
    struct collector_store_options *options = &script->options;

    memset(script, 0, sizeof(*script));
    script->trouble = trouble;
    script->directory = support_dir_new();
    script->next_serial = 1;
    tape_init(&script->tape);
    script->witness.tape = &script->tape;
    support_clock_init(&script->clock);
    script->clock_ops = support_clock_ops(&script->clock);
    collector_store_options_init(options);
    options->path = support_path(script->directory, "events.sqlite");
    options->mode = mode;
    options->connection_count_max = 2;
    options->clock = &script->clock_ops;
    options->idempotency_retain_ms = KEY_RETAIN_MS;
}

void
script_close(struct script *script)
{
    collector_uploader_free(script->uploader);
    script->uploader = NULL;
    collector_sink_free(script->sink);
    script->sink = NULL;
    collector_sink_free(script->inner_sink);
    script->inner_sink = NULL;
    script->witness.next = NULL;
    collector_store_free(script->store);
    script->store = NULL;
}

void
script_free(struct script *script)
{
    script_close(script);
    tape_free(&script->tape);
}

void
script_blame(struct script *script, const char *fault)
{
    if (script->fault == NULL)
        script->fault = fault;
}

bool
script_said(struct script *script, enum script_function function, int rc,
            int expected)
{
    unsigned allowed = error_set(expected);

    if (trouble_is_felt(script->trouble))
        allowed |=
            (script->trouble->errors | script->errors |
             (script->trouble->lasts ? script->trouble->lasting_errors : 0)) &
            functions[function].errors;
    if ((error_set(rc) & allowed) == 0)
        script_blame(script, support_format("%s says %s instead of %s",
                                            functions[function].name,
                                            support_error_name(rc),
                                            support_error_name(expected)));
    return rc == expected;
}

bool
script_open(struct script *script)
{
    struct collector_store_stats stats;
    int rc;

    if (script->store != NULL)
        return true;
    rc = collector_store_open(&script->options, &script->store);
    if (!script_said(script, SCRIPT_OPEN, rc, COLLECTOR_OK)) {
        if (script->store != NULL)
            script_blame(script, "a failed open has set its output");
        return false;
    }
    stats = script_stats(script);
    claim(&script->tape,
          (struct claim){.kind = CLAIM_NAMED,
                         .key = support_format("%s", stats.collector_id)});
    return true;
}

void
script_begin(struct script *script, int64_t serial, size_t count,
             const char *key)
{
    claim(&script->tape, (struct claim){.kind = CLAIM_BEGUN,
                                        .serial = serial,
                                        .count = count,
                                        .key = key});
    if (serial + (int64_t)count > script->next_serial)
        script->next_serial = serial + (int64_t)count;
}

void
script_keep(struct script *script, int64_t serial,
            const struct collector_receipt *receipt)
{
    claim(&script->tape, (struct claim){.kind = CLAIM_KEPT,
                                        .serial = serial,
                                        .id = receipt->first_id});
}

void
script_forget(struct script *script)
{
    tape_free(&script->tape);
    tape_init(&script->tape);
}

/** Append what was begun. */
static void
append(struct script *script, int64_t serial, size_t count, const char *key)
{
    struct collector_receipt receipt = {0, 0, false};
    const int rc = serial_append(script->store, serial, count, key, &receipt);

    if (!script_said(script, SCRIPT_APPEND, rc, COLLECTOR_OK)) {
        if (receipt.first_id != 0)
            script_blame(script, "a failed append has set its output");
        return;
    }
    if (receipt.count != count)
        script_blame(script, "an append has kept another number of events");
    script_keep(script, serial, &receipt);
}

int64_t
script_append(struct script *script, size_t count, const char *key)
{
    const int64_t serial = script->next_serial;

    script_begin(script, serial, count, key);
    append(script, serial, count, key);
    return serial;
}

void
script_repeat(struct script *script, int64_t serial, size_t count,
              const char *key)
{
    append(script, serial, count, key);
}

bool
script_upload(struct script *script)
{
    struct collector_uploader_options options;
    int rc;

    if (script->uploader != NULL)
        return true;
    if (script->sink == NULL) {
        rc = witness_sink_new(&script->witness, &script->sink);
        if (!script_said(script, SCRIPT_SINK_NEW, rc, COLLECTOR_OK))
            return false;
    }
    collector_uploader_options_init(&options);
    options.batch_count_max = SCRIPT_BATCH_COUNT_MAX;
    rc = collector_uploader_new(script->store, script->sink, &options,
                                &script->uploader);
    return script_said(script, SCRIPT_UPLOADER_NEW, rc, COLLECTOR_OK);
}

/** One step. */
static void
drain_once(struct script *script)
{
    struct collector_drain drain = {.wait_ms = 0};
    const int rc = witness_drain(&script->witness, script->uploader, &drain);

    (void)script_said(script, SCRIPT_DRAIN, rc, COLLECTOR_OK);
    if (script->witness.fault != NULL)
        script_blame(script, script->witness.fault);
    script_wait(script, drain.wait_ms);
}

void
script_drain(struct script *script, size_t step_count)
{
    while (step_count-- > 0)
        drain_once(script);
}

void
script_drain_all(struct script *script)
{
    size_t i;

    for (i = 0; i < DRAIN_STEP_MAX && script_stats(script).pending > 0; i++)
        drain_once(script);
    if (script_stats(script).pending > 0)
        script_blame(script, "events stay pending");
}

void
script_wait(struct script *script, int64_t ms)
{
    support_clock_advance(&script->clock, ms);
}

void
script_maintain(struct script *script)
{
    (void)script_said(script, SCRIPT_MAINTAIN,
                      collector_store_maintain(script->store), COLLECTOR_OK);
}

struct collector_store_stats
script_stats(struct script *script)
{
    struct collector_store_stats stats = {.size = sizeof(stats)};

    collector_store_stats(script->store, &stats);
    if (stats.accepted !=
        stats.delivered + stats.dead + stats.dropped + stats.pending)
        script_blame(script, "the ledger does not add up");
    return stats;
}

bool
script_copy(struct script *script, size_t number)
{
    const int64_t accepted = (int64_t)script_stats(script).accepted;
    const int rc = collector_store_snapshot(
        script->store, shift_copy_path(script->directory, number));
    const bool is_made = script_said(script, SCRIPT_SNAPSHOT, rc, COLLECTOR_OK);

    script->copy_failed[number] = !is_made;
    if (is_made)
        claim(&script->tape, (struct claim){.kind = CLAIM_COPIED,
                                            .id = accepted,
                                            .count = number});
    return is_made;
}

/** A snapshot that failed is not there. A look at it is a call as well, and so
 *  comes after the trouble. */
static void
check_failed_copies(struct script *script)
{
    size_t i;

    for (i = 0; i < CLAIMS_COPY_MAX; i++) {
        if (script->copy_failed[i] &&
            support_file_size(shift_copy_path(script->directory, i)) >= 0)
            script_blame(script, "a failed snapshot is there");
    }
}

static int
pass_letter(void *userdata, const struct collector_dead_letter *letter)
{
    (void)userdata;
    (void)letter;
    return 0;
}

void
script_recover(struct script *script)
{
    check_failed_copies(script);
    script_wait(script, REST_MS);
    if (!script_open(script))
        return;
    (void)script_append(script, 3, NULL);
    script_maintain(script);
    if (!script_upload(script))
        return;
    script_drain_all(script);
    (void)script_copy(script, RECOVERED_COPY);
    (void)script_said(script, SCRIPT_LIST,
                      collector_dead_letters_list(script->store, 0, UINT64_MAX,
                                                  pass_letter, NULL),
                      COLLECTOR_OK);
}
