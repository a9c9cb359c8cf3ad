/* SPDX-License-Identifier: MIT */
/*
 * Nothing but reading gets past here: each thing that a statement would do is
 * named by SQLite while it is compiled, and what is not on the list is refused,
 * as is each function that is not. What is allowed is bounded: in time and in
 * memory, by a look every few steps and at each page that is read.
 */
#include "reader_guard.h"

#include "clock.h"
#include "database.h"
#include "path.h"
#include "reader_functions.h"
#include "reader_turn.h"

#include <collector/error.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Instructions of SQLite's machine between two looks: each may make a value of
 * COLLECTOR_READER_VALUE_SIZE_MAX, and keep it. SQLite looks where its machine
 * jumps back, which it does for each row: for all that is computed in between,
 * there is one look. That's why the functions in it are counted. */
#define LOOK_STEPS 100

/* How long to rest before another try at a lock. */
#define BUSY_PAUSE_US 1000

/* The latest version of a file's methods that is known here. */
#define METHODS_VERSION_MAX 3

/* Pages of the file, and what is to be sorted, that are kept in memory, in KiB.
 * Of larger sorts SQLite makes files, which have no name and go away. */
#define CACHE_KIB 8192

#define PRAGMAS                                                                \
    "PRAGMA query_only=ON; PRAGMA trusted_schema=OFF;"                         \
    "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;"                           \
    "PRAGMA temp_store=FILE; PRAGMA cache_size=-" COLLECTOR_TEXT_OF(CACHE_KIB)

/* Room that a question has to leave where those files are, which may be the
 * disk that the events are on; and looks between two at that. */
#define TEMPORARY_RESERVE_SIZE (16 * 1024 * 1024)
#define TEMPORARY_LOOKS 16

#define FUNCTIONS_MAX COLLECTOR_TEXT_OF(COLLECTOR_FUNCTIONS_COST_MAX)
#define SLOW_COST COLLECTOR_TEXT_OF(COLLECTOR_FUNCTIONS_SLOW_COST)
#define TOO_MANY_FUNCTIONS                                                     \
    "it calls too many functions: " FUNCTIONS_MAX " may be in a question, "    \
    "where LIKE, GLOB, instr() and replace() count for " SLOW_COST " each"

/** What a statement has to be that does this. */
static const char *
word_for(int action, const char *what)
{
    if (what != NULL && strncmp(what, "sqlite_", strlen("sqlite_")) == 0)
        return "A change of the tables";
    switch (action) {
    case SQLITE_PRAGMA:
        return "PRAGMA";
    case SQLITE_ATTACH:
        return "ATTACH";
    case SQLITE_DETACH:
        return "DETACH";
    case SQLITE_INSERT:
        return "INSERT";
    case SQLITE_UPDATE:
        return "UPDATE";
    case SQLITE_DELETE:
        return "DELETE";
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
        return "A transaction";
    default:
        return "This";
    }
}

/** Say what is refused, and why. The first is what was asked for. */
static int
refuse(struct collector__guard *guard, const char *before, const char *word,
       const char *behind)
{
    if (guard->problem[0] == '\0')
        (void)snprintf(guard->problem, sizeof(guard->problem), "%s%s%s", before,
                       word, behind); /* a long name is cut */
    return SQLITE_DENY;
}

/** See that a function is one that may be asked for, and not one too many. */
static int
authorize_function(struct collector__guard *guard, const char *function)
{
    const unsigned cost = collector__function_cost(function);

    if (guard->trusted)
        return SQLITE_OK;
    if (cost == 0)
        return refuse(guard, "the function ", function, " is not allowed here");
    guard->functions_cost += cost;
    if (guard->functions_cost <= COLLECTOR_FUNCTIONS_COST_MAX)
        return SQLITE_OK;
    return refuse(guard, TOO_MANY_FUNCTIONS, "", "");
}

/** SQLite asks what a statement may do. */
static int
authorize(void *userdata, int action, const char *what, const char *function,
          const char *database, const char *trigger)
{
    struct collector__guard *guard = userdata;

    (void)database; /* there is one */
    (void)trigger;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_FUNCTION:
        return authorize_function(guard, function);
    case SQLITE_PRAGMA:
        if (guard->trusted)
            return SQLITE_OK;
        break;
    case SQLITE_UPDATE:
        /* It says so of a table-valued function, too. Nobody else gets far:
         * that table can't be written in a connection that is defensive. */
        if (strcmp(what, "sqlite_master") == 0)
            return SQLITE_OK;
        break;
    default:
        break;
    }
    return refuse(guard, "", word_for(action, what),
                  " is not allowed here: this only reads");
}

bool
collector__guard_is_interrupted(const struct collector__guard *guard)
{
    return atomic_load(&guard->state) == COLLECTOR_GUARD_INTERRUPTED;
}

/** Stop what takes too much. */
static void
stop_greedy(struct collector__guard *guard, const char *words)
{
    guard->stopped_by = COLLECTOR_ERR_TOO_BIG;
    (void)snprintf(guard->problem, sizeof(guard->problem), "%s", words);
}

/** Whether little room is left for temporary files; seen once in some looks. */
static bool
is_disk_short(struct collector__guard *guard)
{
    if (guard->temporary_path == NULL || guard->temporary_path[0] == '\0' ||
        ++guard->looks % TEMPORARY_LOOKS != 0)
        return false;
    return collector__path_free_size(guard->temporary_path) <
           TEMPORARY_RESERVE_SIZE;
}

/** Whether it has taken long, and the owner wants to go first; seen once. */
static bool
is_in_the_way(struct collector__guard *guard, int64_t now)
{
    if (guard->turn_at == 0 || now <= guard->turn_at)
        return false;
    guard->turn_at = 0;
    return collector__turn_is_owners(guard->db);
}

/** Whether it has to end, which is then noted. */
static bool
must_stop(struct collector__guard *guard)
{
    const int64_t now = collector__clock_monotonic_ms(&collector__clock_system);

    if (guard->stopped_by != COLLECTOR_OK)
        return true;
    if (collector__guard_is_interrupted(guard))
        guard->stopped_by = COLLECTOR_ERR_CANCELLED;
    else if (guard->until != 0 && now > guard->until)
        guard->stopped_by = COLLECTOR_ERR_TIMEOUT;
    else if (is_in_the_way(guard, now))
        guard->stopped_by = COLLECTOR_ERR_BUSY;
    else if (sqlite3_memory_used() - guard->memory_before >
             COLLECTOR_READER_MEMORY_SIZE_MAX)
        stop_greedy(guard, "it takes more memory than it may");
    else if (is_disk_short(guard))
        stop_greedy(guard, "it takes more room for sorting than there is");
    return guard->stopped_by != COLLECTOR_OK;
}

/** SQLite asks now and then whether to stop. */
static int
look(void *userdata)
{
    return must_stop(userdata);
}

/** SQLite asks whether to go on waiting for a lock. */
static int
wait_for_lock(void *userdata, int count)
{
    (void)count; /* the deadline bounds it */
    if (must_stop(userdata))
        return 0;
    (void)usleep(BUSY_PAUSE_US); /* shorter is as good */
    return 1;
}

/** Some instructions read the whole file, and SQLite asks nobody meanwhile. */
static int
read_guarded(sqlite3_file *file, void *buffer, int size, sqlite3_int64 offset)
{
    const struct collector__guarded_file *guarded =
        (const struct collector__guarded_file *)file->pMethods;

    if (must_stop(guarded->guard))
        sqlite3_interrupt(guarded->guard->db);
    return guarded->vfs_methods->xRead(file, buffer, size, offset);
}

/** Come between SQLite and a file. */
static void
attach_file(struct collector__guard *guard, int which,
            struct collector__guarded_file *guarded)
{
    sqlite3_file *file = NULL;
    size_t size = sizeof(guarded->methods);

    if (sqlite3_file_control(guard->db, "main", which, &file) != SQLITE_OK ||
        file == NULL || file->pMethods == NULL)
        return;
    guarded->guard = guard;
    guarded->vfs_methods = file->pMethods;
    if (file->pMethods->iVersion < METHODS_VERSION_MAX)
        size = offsetof(sqlite3_io_methods, xFetch);
    memset(&guarded->methods, 0, sizeof(guarded->methods));
    memcpy(&guarded->methods, file->pMethods, size);
    if (guarded->methods.iVersion > METHODS_VERSION_MAX)
        guarded->methods.iVersion = METHODS_VERSION_MAX;
    guarded->methods.xRead = read_guarded;
    file->pMethods = &guarded->methods;
}

/** As little as questions need, of whatever a text can ask for. */
static void
set_limits(sqlite3 *db)
{
    static const struct {
        int limit;
        int max;
    } limits[] = {
        {SQLITE_LIMIT_LENGTH, COLLECTOR_READER_VALUE_SIZE_MAX},
        {SQLITE_LIMIT_SQL_LENGTH, COLLECTOR_READER_SQL_SIZE_MAX},
        {SQLITE_LIMIT_COLUMN, 256},
        {SQLITE_LIMIT_EXPR_DEPTH, 100},
        {SQLITE_LIMIT_COMPOUND_SELECT, 50},
        {SQLITE_LIMIT_VDBE_OP, 100000},
        {SQLITE_LIMIT_FUNCTION_ARG, 100},
        {SQLITE_LIMIT_ATTACHED, 0},
        {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000},
        {SQLITE_LIMIT_VARIABLE_NUMBER, 100},
        {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
        {SQLITE_LIMIT_WORKER_THREADS, 0},
    };
    size_t i;

    for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
        (void)sqlite3_limit(db, limits[i].limit, limits[i].max); /* was */
}

/** Turn off what a file from elsewhere could reach out with. */
static void
turn_off(sqlite3 *db)
{
    const char *modules[] = {"json_each", "json_tree", NULL};
    static const int off[] = {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION,
                              SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER,
                              SQLITE_DBCONFIG_ENABLE_TRIGGER,
                              SQLITE_DBCONFIG_WRITABLE_SCHEMA,
                              SQLITE_DBCONFIG_TRUSTED_SCHEMA,
                              SQLITE_DBCONFIG_DQS_DML};
    size_t i;

    /* They fail on misuse only, and where the build has no such thing. */
    for (i = 0; i < sizeof(off) / sizeof(off[0]); i++)
        (void)sqlite3_db_config(db, off[i], 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_drop_modules(db, modules);
}

/** Find out where temporary files would be. Where there is no such place, all
 *  is done in memory. */
static void
find_temporary(struct collector__guard *guard)
{
    sqlite3_free(guard->temporary_path);
    guard->temporary_path = NULL;
    if (sqlite3_file_control(guard->db, "main", SQLITE_FCNTL_TEMPFILENAME,
                             &guard->temporary_path) != SQLITE_OK ||
        guard->temporary_path == NULL || guard->temporary_path[0] == '\0')
        (void)sqlite3_exec(guard->db, "PRAGMA temp_store=MEMORY", NULL, NULL,
                           NULL); /* as above */
}

void
collector__guard_attach(struct collector__guard *guard, sqlite3 *db)
{
    guard->db = db;
    turn_off(db);
    collector__functions_narrow(db);
    (void)sqlite3_exec(db, PRAGMAS, NULL, NULL, NULL); /* no file is read */
    find_temporary(guard);
    set_limits(db);
    attach_file(guard, SQLITE_FCNTL_FILE_POINTER, &guard->main);
    (void)sqlite3_busy_handler(db, wait_for_lock, guard);
    sqlite3_progress_handler(db, LOOK_STEPS, look, guard);
    (void)sqlite3_set_authorizer(db, authorize, guard);
}

void
collector__guard_attach_log(struct collector__guard *guard)
{
    attach_file(guard, SQLITE_FCNTL_JOURNAL_POINTER, &guard->log);
}

void
collector__guard_detach(struct collector__guard *guard)
{
    sqlite3_free(guard->temporary_path);
    guard->temporary_path = NULL;
    guard->db = NULL;
}

bool
collector__guard_enter(struct collector__guard *guard)
{
    int idle = COLLECTOR_GUARD_IDLE;

    return atomic_compare_exchange_strong(&guard->state, &idle,
                                          COLLECTOR_GUARD_ASKED);
}

void
collector__guard_leave(struct collector__guard *guard)
{
    atomic_store(&guard->state, COLLECTOR_GUARD_IDLE);
}

void
collector__guard_begin(struct collector__guard *guard, bool trusted,
                       uint32_t deadline_ms)
{
    guard->trusted = trusted;
    guard->functions_cost = 0;
    guard->stopped_by = COLLECTOR_OK;
    guard->problem[0] = '\0';
    guard->memory_before = sqlite3_memory_used();
    guard->until = 0;
    guard->turn_at = 0;
    if (deadline_ms > 0)
        guard->until = collector__clock_monotonic_ms(&collector__clock_system) +
                       deadline_ms;
}

void
collector__guard_interrupt(struct collector__guard *guard)
{
    int asked = COLLECTOR_GUARD_ASKED;

    (void)atomic_compare_exchange_strong(&guard->state, &asked,
                                         COLLECTOR_GUARD_INTERRUPTED);
}
