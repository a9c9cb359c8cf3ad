/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_READER_H
#define COLLECTOR_READER_H

#include <collector/export.h>
#include <collector/log.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Asks a store's file questions, beside its owner: in the same process or
 * another one, on a read-only mount, or of a snapshot. It can't change the
 * file, whatever it is asked, and takes no lock that a writer would wait for.
 *
 * Each question has a row cap, a byte cap and a deadline. Rows are gathered
 * first and shown after the file was let go: however slowly they are taken, the
 * owner's write-ahead log is kept from starting again for the deadline, and
 * what the last row took beyond it. The deadline, the memory and whether
 * somebody interrupts are looked at for each row that SQLite goes through, and
 * before each page that it reads, but not while it computes what is in one row.
 * That takes no time as a rule; with the longest values, and as many functions
 * as a question may call, it takes some seconds. Functions of which one call
 * could take a second are refused (printf(), json_patch(), trim() with a set).
 * Only a snapshot may take longer, and gives way when room runs short.
 *
 * Readers that take long one after the other would keep the log from starting
 * again for ever. While its owner asks for that, and until two seconds later, a
 * question in SQL that has taken 20 ms lets go of the file, and a verification
 * or a snapshot does not begin; they go on when the log could start again, or
 * their deadline went by, or COLLECTOR_READER_TURN_MS_MAX. So all of them wait
 * at some moment, in whatever process they are, if it may read the .lock file.
 * What is short does not wait. With longer deadlines the log may take several
 * of them.
 *
 * Where SQLite may write beside the file, it can leave an empty -wal and a -shm
 * there, as it does for any reader. Where it may not, the file is read as it
 * lies, unless a log lies beside it that holds what is missing in it. A file
 * with a -journal, such as a snapshot in the midst of whose change a program
 * has died, is to be opened once with something that may write.
 *
 * One thread at a time may use a reader; any may interrupt it.
 */
struct collector_reader;

/** Rows of an answer at most. */
#define COLLECTOR_READER_ROWS_MAX 100000

/** Bytes of an answer at most. */
#define COLLECTOR_READER_BYTES_MAX (64 * 1024 * 1024)

/** The longest deadline, in ms. */
#define COLLECTOR_READER_DEADLINE_MS_MAX (60 * 60 * 1000)

/** How long what takes long lets the owner of the file go first, in ms, at
 *  most. */
#define COLLECTOR_READER_TURN_MS_MAX 5000

/** Bytes of a question's SQL at most. */
#define COLLECTOR_READER_SQL_SIZE_MAX (64 * 1024)

/** Bytes of one value at most, in an answer and on the way to it. */
#define COLLECTOR_READER_VALUE_SIZE_MAX (256 * 1024)

/** Memory that SQLite may take for a question. What it sorts it keeps in
 *  temporary files, without a name and for the time of the question, unless it
 *  is small; a question gives way before they fill the disk that they are on.
 *  It is what SQLite takes more in the whole process than when the question
 *  began: what others ask of it meanwhile counts as well. Nothing bounds it
 *  where SQLite does not count (SQLITE_CONFIG_MEMSTATUS, or built with
 *  SQLITE_DEFAULT_MEMSTATUS=0), of which the log is warned. */
#define COLLECTOR_READER_MEMORY_SIZE_MAX (64 * 1024 * 1024)

/** Bytes of a text that payloads are searched for, at most. */
#define COLLECTOR_READER_TEXT_SIZE_MAX 256

/** Bytes of the words for what is wrong with a question, with their NUL. */
#define COLLECTOR_READER_PROBLEM_SIZE 256

/** Options of a reader. Set them with the init function first. */
struct collector_reader_options {
    /** sizeof(struct collector_reader_options), set by the init function. */
    size_t size;
    /** The database file. */
    const char *path;
    /** Name of a registered SQLite VFS. Default NULL: SQLite's own choice. */
    const char *vfs;
    /** Rows of an answer, 1 to COLLECTOR_READER_ROWS_MAX. Default 1000. */
    uint32_t rows_max;
    /** How long a question may keep the file, in ms, 1 to
     *  COLLECTOR_READER_DEADLINE_MS_MAX; and for how long it lets the owner go
     *  first. Default 5000. */
    uint32_t deadline_ms;
    /** Bytes of an answer, 1 to COLLECTOR_READER_BYTES_MAX: eight for each
     *  value, and those of its text. Default 1 MiB. */
    size_t bytes_max;
    /** Default NULL: silence. */
    collector_log_fn log;
    /** Handed to log. */
    void *log_userdata;
};

/**
 * Set every option to its default. NULL is fine.
 *
 * Call it with the options alone: the macro of the same name adds the size.
 *
 * @param size  sizeof(*options), as the caller was compiled: the library's own
 *              may be another.
 */
COLLECTOR_API void
collector_reader_options_init(struct collector_reader_options *options,
                              size_t size);

/** Calls the function of this name, with the size that options have here. */
#define collector_reader_options_init(options)                                 \
    collector_reader_options_init((options),                                   \
                                  sizeof(struct collector_reader_options))

/**
 * Open a store's file for questions. It may be in use, and need not be.
 *
 * @param options     Copied.
 * @param ret_reader  Set on success only; yours to free.
 * @return COLLECTOR_OK, ERR_INVALID, ERR_UNSUPPORTED (options of a newer
 *         version; or this build has no reader), ERR_FOREIGN, ERR_NEWER,
 *         ERR_CORRUPT (also when a column of a table is computed, or a view has
 *         the name of a table of ours), ERR_BUSY, ERR_IO (also when there is no
 *         such file; when a change of it has to be taken back first; or on a
 *         read-only mount, when its log holds what can't be read there),
 *         ERR_NOMEM.
 */
COLLECTOR_API int
collector_reader_open(const struct collector_reader_options *options,
                      struct collector_reader **ret_reader);

/**
 * Change how many rows an answer has at most, from the next question on.
 *
 * @param rows_max  1 to COLLECTOR_READER_ROWS_MAX.
 * @return COLLECTOR_OK, ERR_INVALID, ERR_BUSY (a question is asked).
 */
COLLECTOR_API int
collector_reader_set_rows_max(struct collector_reader *reader,
                              uint32_t rows_max);

/** What a value is. */
enum collector_value_type {
    COLLECTOR_VALUE_NULL = 0,
    COLLECTOR_VALUE_INTEGER = 1,
    COLLECTOR_VALUE_REAL = 2,
    /** As it stands in the file: what others wrote there need not be UTF-8. */
    COLLECTOR_VALUE_TEXT = 3,
    COLLECTOR_VALUE_BLOB = 4,
    /** A text that is one JSON value, as it was appended: payloads, in answers
     *  to the questions below. */
    COLLECTOR_VALUE_JSON = 5
};

/** One value of a row, or of a parameter. */
struct collector_value {
    /** What it is. */
    enum collector_value_type type;
    /** Of an integer; else 0. */
    int64_t integer;
    /** Of a real number; else 0. */
    double real;
    /** Of a text, JSON or a blob: size bytes, and a NUL behind them; else NULL.
     *  A text may hold NULs itself. As a parameter, the NUL is not needed. */
    const char *text;
    /** Bytes of text, without the NUL behind them; else 0. */
    size_t size;
};

/** One row of an answer. */
struct collector_row {
    /** How many columns there are. */
    size_t column_count;
    /** What the columns are called: column_count of them. */
    const char *const *names;
    /** Their values: column_count of them. */
    const struct collector_value *values;
};

/**
 * Receives one row, on the thread that asked. It may call the library, but not
 * the reader.
 *
 * @param userdata  As given with the callback.
 * @param row       Borrowed for the call.
 * @return 0 to go on, anything else to end it.
 */
typedef int (*collector_row_fn)(void *userdata,
                                const struct collector_row *row);

/** What became of a question. */
struct collector_answer {
    /** sizeof(struct collector_answer), set by the caller. */
    size_t size;
    /** Columns that each row has. */
    uint64_t column_count;
    /** Rows that the answer has; as many were shown unless the callback ended
     *  it. */
    uint64_t row_count;
    /** There is more than the caps let through, or than the deadline let find:
     *  what is here is right, but not all. */
    bool more;
    /** Where to go on, for questions with an after_id or a before_id: the last
     *  id that was looked at. 0 when more is false, and for SQL. */
    int64_t next_id;
    /** How long the file was kept, in ms. */
    uint64_t elapsed_ms;
    /** What is wrong with the question, in one line of UTF-8; "" unless it is
     *  refused. */
    char problem[COLLECTOR_READER_PROBLEM_SIZE];
};

/**
 * Ask a question in SQL: one SELECT, or WITH … SELECT, or EXPLAIN QUERY PLAN of
 * it. Anything that does more than read is refused before it runs, as are
 * PRAGMA, ATTACH, functions that reach outside the file, more than 256 calls of
 * functions (LIKE, GLOB, instr() and replace() count for 32 each, and what is
 * in views counts as well), and a statement whose names stand for more than
 * SQLite should compile, or are written so that nobody can tell. What is in
 * double quotes is a name, and never a text.
 *
 * At the row cap or the byte cap the answer ends, and says that there is more.
 *
 * @param sql         COLLECTOR_READER_SQL_SIZE_MAX bytes at most.
 * @param parameters  parameter_count of them, for ?1, ?2 …; NULL for none.
 * @param show        Called for each row.
 * @param ret_answer  Set ret_answer->size first; also set on failure; may be
 *                    NULL.
 * @return COLLECTOR_OK (also when show ended it), ERR_INVALID (no such
 *         question: see problem), ERR_TOO_BIG (the SQL, or its first row),
 *         ERR_TIMEOUT, ERR_CANCELLED (interrupted), ERR_BUSY (also while
 *         another question is asked, or when somebody began meanwhile to write
 *         a file that is read as it lies), ERR_CORRUPT, ERR_IO, ERR_NOMEM.
 */
COLLECTOR_API int
collector_reader_query(struct collector_reader *reader, const char *sql,
                       const struct collector_value *parameters,
                       size_t parameter_count, collector_row_fn show,
                       void *userdata, struct collector_answer *ret_answer);

/** Which events. Zero it, set its size, and what is to be asked for. */
struct collector_event_filter {
    /** sizeof(struct collector_event_filter), set by the caller. */
    size_t size;
    /** Exactly this device; NULL for any. */
    const char *device_id;
    /** Exactly this kind; NULL for any. */
    const char *kind;
    /** What stands somewhere in the payload as it is stored, in any case of
     *  ASCII letters; NULL for anything. */
    const char *text;
    /** From the highest id down. */
    bool newest_first;
    /** Stamped then or later, ms since 1970; 0 for no such bound. */
    int64_t since;
    /** Stamped before that, ms since 1970; 0 for no such bound. */
    int64_t until;
    /** Ids above it; 0 for no such bound. */
    int64_t after_id;
    /** Ids below it; 0 for no such bound. */
    int64_t before_id;
};

/**
 * Events, in the order of their ids. Where few fit, and no index helps, the
 * deadline may end the search: the answer says where to go on. The file is let
 * go several times meanwhile.
 *
 * Columns: id, device_id, kind, payload (JSON, or NULL), ts, fate ("pending",
 * "delivered", "dead", "dropped", or "settled" when the record of it is
 * pruned), uploaded_at (when it was settled, ms since 1970; 0 when that is not
 * known any more; NULL while pending; of a dropped one, when the run of drops
 * that it is in last grew).
 *
 * @param filter  NULL for all.
 * @return As collector_reader_query(), but for ERR_TIMEOUT: ERR_BUSY where even
 *         five seconds later nothing could be looked at.
 */
COLLECTOR_API int
collector_reader_events(struct collector_reader *reader,
                        const struct collector_event_filter *filter,
                        collector_row_fn show, void *userdata,
                        struct collector_answer *ret_answer);

/**
 * What became of an event: one row, whatever the id.
 *
 * Columns: those of collector_reader_events(), then kept (whether the event is
 * still in the file; if not, device_id to ts are NULL), and, for a dead one
 * whose letter is kept, status, reason, attempts, replayed_as (else NULL). fate
 * is "unknown" for an id that was never given out.
 *
 * @return As collector_reader_query().
 */
COLLECTOR_API int
collector_reader_event(struct collector_reader *reader, int64_t id,
                       collector_row_fn show, void *userdata,
                       struct collector_answer *ret_answer);

/**
 * Devices and when they were last seen, by their ids.
 *
 * Columns: id, device_id, label, last_seen_at.
 *
 * @param after_id     Begin behind this id; 0 for the first.
 * @param seen_before  Only those last seen before it, ms since 1970; 0 for all.
 * @return As collector_reader_query().
 */
COLLECTOR_API int
collector_reader_devices(struct collector_reader *reader, int64_t after_id,
                         int64_t seen_before, collector_row_fn show,
                         void *userdata, struct collector_answer *ret_answer);

/**
 * Upload runs, from the latest back: what was settled together, and outages.
 *
 * Columns: id, started_at, finished_at, event_count, status ("success", "dead",
 * "dropped" or "error"), error, first_id, last_id, attempts.
 *
 * @param before_id  Begin before this run; 0 for the latest.
 * @param status     Only those; NULL for all.
 * @return As collector_reader_query().
 */
COLLECTOR_API int
collector_reader_runs(struct collector_reader *reader, int64_t before_id,
                      const char *status, collector_row_fn show, void *userdata,
                      struct collector_answer *ret_answer);

/**
 * Dead letters, in the order of their ids.
 *
 * Columns: id, device_id, kind, payload (JSON, or NULL), ts, at, status,
 * reason, attempts, replayed_as.
 *
 * @param after_id  Begin behind this id; 0 for the first.
 * @return As collector_reader_query().
 */
COLLECTOR_API int
collector_reader_dead_letters(struct collector_reader *reader, int64_t after_id,
                              collector_row_fn show, void *userdata,
                              struct collector_answer *ret_answer);

/**
 * The ledger and what goes with it: one row, at a cost that does not grow with
 * the number of events.
 *
 * Columns: accepted, delivered, dead, dropped, pending, collector_id (NULL in a
 * snapshot), snapshot_of, oldest_pending_ts (NULL without backlog),
 * last_success_at (NULL for never), failing_since, last_error (both NULL unless
 * deliveries have failed since the upstream last answered, with success or for
 * dead events; what is dropped meanwhile ends no outage), dead_letters (all
 * that are kept, also those that were replayed), devices, file_size (without
 * the log), free_size (bytes in it that hold nothing).
 *
 * @return As collector_reader_query().
 */
COLLECTOR_API int
collector_reader_ledger(struct collector_reader *reader, collector_row_fn show,
                        void *userdata, struct collector_answer *ret_answer);

/**
 * Check that the file is whole, and that everything adds up. Every check is a
 * row, also when an earlier one failed, whatever the row cap and the byte cap.
 * Each sees the file at a moment of its own: one that is in use passes whatever
 * is done to it meanwhile. What may have been pruned or purged is not missed:
 * settled events, unless one that was delivered before them is there, and dead
 * letters with their events.
 *
 * Columns: check (its name), ok (0 or 1), detail (what is wrong; else NULL).
 *
 * @param whole  Every page and index, which takes as long as reading the file;
 *               else only what can be told from the tables.
 * @return As collector_reader_query(). COLLECTOR_OK says that the checks ran.
 */
COLLECTOR_API int
collector_reader_verify(struct collector_reader *reader, bool whole,
                        collector_row_fn show, void *userdata,
                        struct collector_answer *ret_answer);

/** collector_store_snapshot() of a file that another program may have open. As
 *  there; also ERR_CANCELLED when interrupted. The deadline does not count. */
COLLECTOR_API int
collector_reader_snapshot(struct collector_reader *reader, const char *path);

/** End the question that is being asked, if one is. Any thread; also a signal
 *  handler. */
COLLECTOR_API void
collector_reader_interrupt(struct collector_reader *reader);

/** Close it. NULL is fine. */
COLLECTOR_API void
collector_reader_free(struct collector_reader *reader);

#ifdef __cplusplus
}
#endif

#endif
