/* SPDX-License-Identifier: MIT */
/*
 * A tape is written by the observer of calls.h, which sees one call at a time,
 * and by those who say something. What was said after a call returned comes
 * after it.
 */
#include "tape.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CAPACITY_FIRST 1024
#define DESCRIPTOR_COUNT_MAX 4096

/** The name in the directory; NULL when it is not on the tape. */
static const char *
name_of(const struct tape *tape, const char *path)
{
    static const char suffix[] = "-shm";
    const size_t size = strlen(path);

    if (size <= strlen(tape->directory) + 1 ||
        (size > strlen(suffix) &&
         strcmp(path + size - strlen(suffix), suffix) == 0))
        return NULL;
    return path + strlen(tape->directory) + 1;
}

static struct tape_name *
find_name(struct tape *tape, const char *name)
{
    size_t i;

    for (i = 0; i < TAPE_NAME_COUNT_MAX; i++) {
        if (tape->names[i].name != NULL &&
            strcmp(tape->names[i].name, name) == 0)
            return &tape->names[i];
    }
    return NULL;
}

/** The next entry, under the lock. */
static struct tape_entry *
add_entry(struct tape *tape, enum tape_kind kind, int file)
{
    struct tape_entry *entry;

    if (tape->count == tape->capacity) {
        tape->capacity =
            tape->capacity == 0 ? CAPACITY_FIRST : 2 * tape->capacity;
        tape->entries =
            realloc(tape->entries, tape->capacity * sizeof(*tape->entries));
        assert(tape->entries != NULL);
    }
    entry = &tape->entries[tape->count++];
    *entry = (struct tape_entry){.kind = kind, .file = file};
    return entry;
}

/** Let a name lead to a file. */
static void
set_name(struct tape *tape, const char *name, int file)
{
    struct tape_name *place = find_name(tape, name);
    size_t i;

    for (i = 0; place == NULL && i < TAPE_NAME_COUNT_MAX; i++) {
        if (tape->names[i].name == NULL)
            place = &tape->names[i];
    }
    assert(place != NULL);
    free(place->name);
    place->name = file != TAPE_NO_FILE ? strdup(name) : NULL;
    place->file = file;
}

static void
record_name(struct tape *tape, const char *name, const char *old_name, int file)
{
    struct tape_entry *entry = add_entry(tape, TAPE_NAME, file);

    entry->name = strdup(name);
    if (old_name != NULL) {
        entry->old_name = strdup(old_name);
        set_name(tape, old_name, TAPE_NO_FILE);
    }
    set_name(tape, name, file);
}

static int
add_file(struct tape *tape, int64_t size)
{
    assert(tape->file_count < TAPE_FILE_COUNT_MAX);
    tape->sizes[tape->file_count] = size;
    return tape->file_count++;
}

static void
record_open(struct tape *tape, const struct call *call, const char *name)
{
    const struct tape_name *place = find_name(tape, name);
    int file;

    assert((call->flags & O_TRUNC) == 0 && call->fd < DESCRIPTOR_COUNT_MAX);
    if (place != NULL) {
        file = place->file;
    } else {
        file = add_file(tape, 0);
        record_name(tape, name, NULL, file);
    }
    tape->descriptors[call->fd] = file;
}

static void
record_size(struct tape *tape, int file, int64_t size)
{
    if (size == tape->sizes[file])
        return;
    add_entry(tape, TAPE_RESIZE, file)->offset = size;
    tape->sizes[file] = size;
}

static void
record_write(struct tape *tape, const struct call *call, int file, size_t size)
{
    struct tape_entry *entry = add_entry(tape, TAPE_WRITE, file);

    entry->offset = call->offset;
    entry->size = size;
    entry->bytes = malloc(size + 1);
    assert(entry->bytes != NULL);
    memcpy(entry->bytes, call->bytes, size);
    if (call->offset + (int64_t)size > tape->sizes[file])
        tape->sizes[file] = call->offset + (int64_t)size;
}

static void
record_sync(struct tape *tape, const struct call *call)
{
    if (tape->ignores_syncs)
        return;
    if (strcmp(call->path, tape->directory) == 0)
        (void)add_entry(tape, TAPE_SYNC_NAMES, TAPE_NO_FILE);
    else
        (void)add_entry(tape, TAPE_SYNC, tape->descriptors[call->fd]);
}

static void
record_names(struct tape *tape, const struct call *call)
{
    const char *name = name_of(tape, call->path);
    const struct tape_name *place = name != NULL ? find_name(tape, name) : NULL;

    if (place == NULL)
        return;
    if (call->kind == CALL_UNLINK) {
        record_name(tape, name, NULL, TAPE_NO_FILE);
        return;
    }
    record_name(tape, name_of(tape, call->new_path),
                call->kind == CALL_RENAME ? name : NULL, place->file);
}

/** A call that changes the file that a descriptor is of. */
static void
record_change(struct tape *tape, const struct call *call, size_t size)
{
    const int file = tape->descriptors[call->fd];
    const int64_t end = call->offset + (int64_t)call->size;

    if (name_of(tape, call->path) == NULL)
        return;
    if (call->kind == CALL_WRITE)
        record_write(tape, call, file, size);
    else if (call->kind == CALL_TRUNCATE)
        record_size(tape, file, call->offset);
    else if (end > tape->sizes[file])
        record_size(tape, file, end);
}

static void
record(void *userdata, const struct call *call, int64_t result)
{
    struct tape *tape = userdata;
    const char *name = name_of(tape, call->path);

    (void)pthread_mutex_lock(&tape->lock);
    switch (call->kind) {
    case CALL_OPEN:
        if (name != NULL)
            record_open(tape, call, name);
        break;
    case CALL_WRITE:
    case CALL_TRUNCATE:
    case CALL_ALLOCATE:
        record_change(tape, call, (size_t)result);
        break;
    case CALL_SYNC:
        record_sync(tape, call);
        break;
    case CALL_RENAME:
    case CALL_LINK:
    case CALL_UNLINK:
        record_names(tape, call);
        break;
    case CALL_READ:
    case CALL_MAP:
    case CALL_LOCK:
    case CALL_STAT:
    case CALL_CLOSE:
    case CALL_KIND_COUNT:
        break;
    }
    (void)pthread_mutex_unlock(&tape->lock);
}

/** What takes long, and would make no difference to what anybody reads. */
static int
skip(void *userdata, struct call *call)
{
    (void)userdata;
    return call->kind == CALL_SYNC || call->kind == CALL_ALLOCATE ? CALL_PRETEND
                                                                  : 0;
}

/** What is in the directory before. */
static void
find_files(struct tape *tape)
{
    DIR *entries = opendir(tape->directory);
    const struct dirent *entry;
    struct stat status;
    char path[512];

    assert(entries != NULL);
    while ((entry = readdir(entries)) != NULL) {
        (void)snprintf(path, sizeof(path), "%s/%s", tape->directory,
                       entry->d_name);
        if (name_of(tape, path) != NULL && stat(path, &status) == 0 &&
            S_ISREG(status.st_mode))
            set_name(tape, entry->d_name, add_file(tape, status.st_size));
    }
    (void)closedir(entries); /* nothing was written */
}

void
tape_init(struct tape *tape)
{
    memset(tape, 0, sizeof(*tape));
    (void)pthread_mutex_init(&tape->lock, NULL); /* can't fail on Linux */
}

void
tape_start(struct tape *tape, const char *directory)
{
    tape_init(tape);
    tape->directory = directory;
    tape->descriptors = calloc(DESCRIPTOR_COUNT_MAX, sizeof(int));
    assert(tape->descriptors != NULL);
    find_files(tape);
    tape->observer = (struct call_observer){
        .before = skip, .after = record, .userdata = tape};
    calls_observe(directory, &tape->observer);
}

void
tape_mark(struct tape *tape, const void *mark)
{
    (void)pthread_mutex_lock(&tape->lock);
    add_entry(tape, TAPE_MARK, TAPE_NO_FILE)->mark = mark;
    (void)pthread_mutex_unlock(&tape->lock);
}

void
tape_stop(struct tape *tape)
{
    (void)tape;
    calls_observe(NULL, NULL);
}

void
tape_free(struct tape *tape)
{
    size_t i;

    for (i = 0; i < tape->count; i++) {
        free(tape->entries[i].bytes);
        free(tape->entries[i].name);
        free(tape->entries[i].old_name);
    }
    for (i = 0; i < TAPE_NAME_COUNT_MAX; i++)
        free(tape->names[i].name);
    free(tape->entries);
    free(tape->descriptors);
    (void)pthread_mutex_destroy(&tape->lock); /* nobody holds it */
}
