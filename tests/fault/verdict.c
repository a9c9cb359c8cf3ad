/* SPDX-License-Identifier: MIT */
/*
 * Faults are texts, and the first one ends the comparison: whoever tests the
 * tests wants to see one.
 */
#include "verdict.h"

#include "account.h"
#include "findings.h"
#include "serial.h"
#include "shift.h"
#include "witness.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

/** Keys that are tried, of all. */
#define REPEAT_COUNT 6
#define BATCH_COUNT_MAX 500

/** Steps that a drain can take at most: far more than it does. */
#define DRAIN_STEP_MAX 200

/** Whether an event may be gone from the file. */
static bool
may_be_gone(const struct findings *findings, int64_t id)
{
    return id <= findings->settled_through && findings->serials[id] == 0;
}

/** What was confirmed is there. */
static const char *
check_kept(const struct verdict *verdict, const struct findings *findings)
{
    const struct claims *claims = verdict->claims;
    int64_t id;

    for (id = 1; id <= claims->kept_through; id++) {
        if (claims->kept[id] == 0 || may_be_gone(findings, id))
            continue;
        if (findings->serials[id] != claims->kept[id])
            return FAULT("event %lld was confirmed as id %lld, where event %lld"
                         " is now; the last id is %lld",
                         (long long)claims->kept[id], (long long)id,
                         (long long)findings->serials[id],
                         (long long)findings->accepted);
    }
    if (claims->settled_through > findings->settled_through)
        return FAULT("what was marked up to %lld is marked up to %lld",
                     (long long)claims->settled_through,
                     (long long)findings->settled_through);
    return NULL;
}

/** What was offered is in the log, under the same id. */
static const char *
check_offered(const struct claims *claims, const struct findings *findings)
{
    int64_t id;

    for (id = 1; id <= claims->offered_through; id++) {
        if (claims->offered[id] == 0 || may_be_gone(findings, id))
            continue;
        if (findings->serials[id] != claims->offered[id])
            return FAULT("event %lld was sent as id %lld, where event %lld is"
                         " now; the last id is %lld",
                         (long long)claims->offered[id], (long long)id,
                         (long long)findings->serials[id],
                         (long long)findings->accepted);
    }
    return NULL;
}

/** The neighbour at an id, of an append whose events follow each other. */
static bool
is_neighbour(const struct findings *findings, int64_t id, int64_t serial)
{
    return id >= 1 && id <= findings->accepted &&
           (findings->serials[id] == serial || may_be_gone(findings, id));
}

/** Appends are whole, and each is there once. Only poison comes again, when a
 *  dead letter is replayed. */
static const char *
check_appends(const struct claims *claims, const struct findings *findings)
{
    int64_t id;

    for (id = 1; id <= findings->accepted; id++) {
        const int64_t serial = findings->serials[id];
        const struct claims_append *append = claims_append_of(claims, serial);

        if (serial == 0 || serial_is_poison(serial))
            continue;
        if (append == NULL)
            return FAULT("event %lld was never appended", (long long)serial);
        if (findings->counts[serial] > 1)
            return FAULT("event %lld is there twice", (long long)serial);
        if ((serial > append->serial &&
             !is_neighbour(findings, id - 1, serial - 1)) ||
            (serial + 1 < append->serial + (int64_t)append->count &&
             !is_neighbour(findings, id + 1, serial + 1)))
            return FAULT("event %lld is there without its neighbours",
                         (long long)serial);
    }
    return NULL;
}

/** Ids that are pending are there without a gap. */
static const char *
check_pending(const struct findings *findings)
{
    int64_t id;

    for (id = findings->settled_through + 1; id <= findings->accepted; id++) {
        if (findings->serials[id] == 0)
            return FAULT("id %lld is pending, and not there", (long long)id);
    }
    return NULL;
}

/** Compare the file with the claims. */
static const char *
compare(struct verdict *verdict, struct findings *findings)
{
    const char *fault =
        findings_read(findings, verdict->options.path, verdict->claims);

    if (fault == NULL &&
        verdict->options.durability == COLLECTOR_DURABILITY_NORMAL)
        claims_forget_after(verdict->claims, findings->accepted);
    if (fault == NULL)
        fault = check_pending(findings);
    if (fault == NULL)
        fault = check_kept(verdict, findings);
    if (fault == NULL)
        fault = check_offered(verdict->claims, findings);
    if (fault == NULL)
        fault = check_appends(verdict->claims, findings);
    return fault;
}

/** Append something, as it is claimed. */
static int
append(struct verdict *verdict, struct collector_store *store,
       struct claims_append what, struct collector_receipt *receipt)
{
    const int rc =
        serial_append(store, what.serial, what.count, what.key, receipt);

    if (rc == COLLECTOR_OK)
        claim(verdict->tape, (struct claim){.kind = CLAIM_KEPT,
                                            .serial = what.serial,
                                            .id = receipt->first_id});
    return rc;
}

/** The append's first id, if anything says so. */
static int64_t
known_id(const struct claims_append *append, const struct findings *findings)
{
    if (append->first_id != 0)
        return append->first_id;
    return serial_is_poison(append->serial) ? 0 : findings->ids[append->serial];
}

/** Make an append with a key once more. */
static const char *
repeat(struct verdict *verdict, struct collector_store *store,
       const struct findings *findings, const struct claims_append *what)
{
    const int64_t id = known_id(what, findings);
    struct collector_receipt receipt = {0, 0, false};
    const int rc = append(verdict, store, *what, &receipt);

    if (rc == COLLECTOR_ERR_FULL && id == 0)
        return NULL;
    if (rc != COLLECTOR_OK)
        return FAULT("the repeat of %s says %s", what->key,
                     support_error_name(rc));
    if (id != 0 && (!receipt.duplicate || receipt.first_id != id))
        return FAULT("%s was kept from id %lld on, and from %lld on when it is"
                     " repeated",
                     what->key, (long long)id, (long long)receipt.first_id);
    if (!receipt.duplicate && receipt.first_id <= findings->accepted)
        return FAULT("the new id %lld was given out before",
                     (long long)receipt.first_id);
    return NULL;
}

static const char *
check_repeats(struct verdict *verdict, struct collector_store *store,
              const struct findings *findings)
{
    const struct claims *claims = verdict->claims;
    const char *fault = NULL;
    unsigned i;

    for (i = 0; fault == NULL && claims->append_count > 0 && i < REPEAT_COUNT;
         i++) {
        const struct claims_append *what =
            &claims->appends[(size_t)rand_r(&verdict->seed) %
                             claims->append_count];

        if (what->key != NULL)
            fault = repeat(verdict, store, findings, what);
    }
    return fault;
}

/** New events get new ids. */
static const char *
check_append(struct verdict *verdict, struct collector_store *store,
             const struct findings *findings)
{
    const struct claims *claims = verdict->claims;
    struct claims_append what = {.serial = 1, .count = 3};
    struct collector_receipt receipt = {0, 0, false};
    int rc;

    if (claims->append_count > 0) {
        const struct claims_append *last =
            &claims->appends[claims->append_count - 1];

        what.serial = last->serial + (int64_t)last->count;
    }
    while (claims_append_of(claims, what.serial) != NULL)
        what.serial++;
    claim(verdict->tape, (struct claim){.kind = CLAIM_BEGUN,
                                        .serial = what.serial,
                                        .count = what.count});
    rc = append(verdict, store, what, &receipt);
    if (rc == COLLECTOR_ERR_FULL)
        return NULL;
    if (rc != COLLECTOR_OK)
        return FAULT("a new append says %s", support_error_name(rc));
    if (receipt.first_id <= findings->accepted)
        return FAULT("the new id %lld was given out before",
                     (long long)receipt.first_id);
    return NULL;
}

/** All that is pending can be delivered. */
static const char *
check_drain(struct verdict *verdict, struct collector_store *store)
{
    struct witness witness = {.tape = verdict->tape};
    struct collector_sink *sink = witness_sink(&witness);
    struct collector_uploader *uploader =
        witness_uploader(store, sink, BATCH_COUNT_MAX);
    struct collector_store_stats stats = {.size = sizeof(stats)};
    struct collector_drain drain;
    size_t i = 0;
    int rc;

    do {
        rc = witness_drain(&witness, uploader, &drain);
        collector_store_stats(store, &stats);
    } while (rc == COLLECTOR_OK && stats.pending > 0 && ++i < DRAIN_STEP_MAX);
    collector_uploader_free(uploader);
    collector_sink_free(sink);
    if (rc != COLLECTOR_OK)
        return FAULT("a drain says %s", support_error_name(rc));
    if (stats.pending > 0)
        return FAULT("%llu events stay pending",
                     (unsigned long long)stats.pending);
    return witness.fault;
}

/** A snapshot is whole or absent, and what was confirmed is there. */
static const char *
check_copy(const struct verdict *verdict, size_t number)
{
    const struct claims *claims = verdict->claims;
    const char *path = shift_copy_path(verdict->directory, number);
    const char *fault;

    if (support_file_size(path) < 0)
        return claims->copied[number] ? FAULT("snapshot %zu is gone", number)
                                      : NULL;
    fault = account_fault(path, false);
    if (fault != NULL)
        return FAULT("snapshot %zu: %s", number, fault);
    if (claims->copied[number] &&
        support_sql_int(path, "SELECT accepted FROM ledger") <
            claims->copied_through[number])
        return FAULT("snapshot %zu ends too early", number);
    return NULL;
}

/** Nothing that an interrupted one has left stays beside a new snapshot. */
static const char *
check_remains(const char *directory, const char *name)
{
    DIR *entries = opendir(directory);
    const struct dirent *entry;
    const char *fault = NULL;

    ck_assert(entries != NULL);
    while ((entry = readdir(entries)) != NULL) {
        if (strncmp(entry->d_name, name, strlen(name)) == 0 &&
            entry->d_name[strlen(name)] != '\0')
            fault = FAULT("%s was left behind", entry->d_name);
    }
    (void)closedir(entries); /* nothing was written */
    return fault;
}

/** Another snapshot can be made, where there is none. */
static const char *
check_new_copy(const struct verdict *verdict, struct collector_store *store,
               const char *path)
{
    const int rc = collector_store_snapshot(store, path);

    if (rc != COLLECTOR_OK)
        return FAULT("a snapshot says %s", support_error_name(rc));
    return check_remains(verdict->directory, strrchr(path, '/') + 1);
}

static const char *
check_copies(const struct verdict *verdict, struct collector_store *store)
{
    const char *free_path = NULL;
    const char *fault = NULL;
    size_t i;

    for (i = 0; fault == NULL && i < CLAIMS_COPY_MAX; i++) {
        const char *path = shift_copy_path(verdict->directory, i);

        fault = check_copy(verdict, i);
        if (free_path == NULL && support_file_size(path) < 0)
            free_path = path;
    }
    return fault != NULL || free_path == NULL
               ? fault
               : check_new_copy(verdict, store, free_path);
}

static const char *
go_on(struct verdict *verdict, struct collector_store *store,
      const struct findings *findings)
{
    struct collector_store_stats stats = {.size = sizeof(stats)};
    const char *fault = NULL;

    if (verdict->drains_first)
        fault = check_drain(verdict, store);
    if (fault == NULL)
        fault = check_repeats(verdict, store, findings);
    collector_store_stats(store, &stats);
    if (fault == NULL &&
        verdict->options.durability == COLLECTOR_DURABILITY_FULL &&
        verdict->claims->collector_id[0] != '\0' &&
        strcmp(verdict->claims->collector_id, stats.collector_id) != 0)
        fault = FAULT("the collector has another id");
    if (fault == NULL)
        fault = check_append(verdict, store, findings);
    if (fault == NULL)
        fault = check_drain(verdict, store);
    if (fault == NULL)
        fault = check_copies(verdict, store);
    return fault;
}

/** Somebody who reads the file and keeps it open; NULL for nobody. */
static sqlite3 *
open_reader(const struct verdict *verdict)
{
    sqlite3 *reader = NULL;

    if (!verdict->has_reader || support_file_size(verdict->options.path) <= 0)
        return NULL;
    ck_assert_int_eq(sqlite3_open_v2(verdict->options.path, &reader,
                                     SQLITE_OPEN_READWRITE, NULL),
                     SQLITE_OK);
    /* What it finds does not matter: a table may be missing. */
    (void)sqlite3_exec(reader, "SELECT * FROM state", NULL, NULL, NULL);
    return reader;
}

const char *
verdict_find_fault(struct verdict *verdict)
{
    struct findings *findings = malloc(sizeof(*findings));
    struct collector_store *store = NULL;
    sqlite3 *reader = open_reader(verdict);
    const char *fault = NULL;
    int rc = collector_store_open(&verdict->options, &store);

    ck_assert(findings != NULL);
    if (rc != COLLECTOR_OK)
        fault = FAULT("an open says %s", support_error_name(rc));
    if (fault == NULL)
        fault = compare(verdict, findings);
    if (fault == NULL)
        fault = go_on(verdict, store, findings);
    collector_store_free(store);
    (void)sqlite3_close(reader); /* no statement is left */
    if (fault == NULL)
        fault = account_fault(verdict->options.path, false);
    free(findings);
    return fault;
}
