/* SPDX-License-Identifier: MIT */
/*
 * The disk is as unkind as POSIX lets it be: nothing that was not synced is
 * there for sure, in no order, not within a file, not between files, and a new
 * name is not there before its directory was synced. Only sectors are whole.
 */
#include "platter.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECTOR_SIZE 512

/** A file's bytes; what lies behind the last one that was ever written is
 *  zero. */
struct content {
    unsigned char *bytes;
    int64_t byte_count;
    int64_t size;
};

/** What is not synced, in order; of this tape, or one before. */
struct entries {
    const struct tape_entry **each;
    size_t count;
    size_t capacity;
};

struct platter {
    const struct tape *tape;
    size_t played_count;
    struct content files[TAPE_FILE_COUNT_MAX];
    struct entries unsynced[TAPE_FILE_COUNT_MAX];
    struct tape_name names[TAPE_NAME_COUNT_MAX];
    struct entries unsynced_names;
};

/** How much of what is not synced is there after a cut. */
enum survival {
    SURVIVES_NOT,
    SURVIVES_WHOLE,
    /** All up to some moment. */
    SURVIVES_BEGINNING,
    /** The same, and of the write at that moment some sectors. */
    SURVIVES_TORN_END,
    /** Any writes. */
    SURVIVES_IN_PIECES,
    /** Any sectors. */
    SURVIVES_IN_SECTORS,
    SURVIVAL_COUNT
};

static unsigned
draw(unsigned *seed, size_t below)
{
    return (unsigned)rand_r(seed) % (unsigned)below;
}

static void
add_entry(struct entries *entries, const struct tape_entry *entry)
{
    if (entries->count == entries->capacity) {
        entries->capacity = entries->capacity * 2 + 8;
        entries->each =
            realloc(entries->each,
                    entries->capacity * sizeof(const struct tape_entry *));
        assert(entries->each != NULL);
    }
    entries->each[entries->count++] = entry;
}

static void
write_bytes(struct content *content, const unsigned char *bytes, size_t size,
            int64_t offset)
{
    const int64_t end = offset + (int64_t)size;

    if (size == 0)
        return;
    if (end > content->byte_count) {
        content->bytes = realloc(content->bytes, (size_t)end);
        assert(content->bytes != NULL);
        memset(content->bytes + content->byte_count, 0,
               (size_t)(end - content->byte_count));
        content->byte_count = end;
    }
    assert(content->bytes != NULL);
    memcpy(content->bytes + offset, bytes, size);
    if (end > content->size)
        content->size = end;
}

static void
resize(struct content *content, int64_t size)
{
    content->size = size;
    if (content->byte_count > size)
        content->byte_count = size;
}

static void
apply(struct content *content, const struct tape_entry *entry)
{
    if (entry->kind == TAPE_RESIZE)
        resize(content, entry->offset);
    else
        write_bytes(content, entry->bytes, entry->size, entry->offset);
}

/** Some sectors of a write; a size is whole or not. */
static void
apply_torn(struct content *content, const struct tape_entry *entry,
           unsigned *seed)
{
    size_t begin = 0;

    if (entry->kind == TAPE_RESIZE && draw(seed, 2) == 0)
        apply(content, entry);
    while (entry->kind == TAPE_WRITE && begin < entry->size) {
        const int64_t offset = entry->offset + (int64_t)begin;
        size_t size = SECTOR_SIZE - (size_t)(offset % SECTOR_SIZE);

        if (size > entry->size - begin)
            size = entry->size - begin;
        if (draw(seed, 2) == 0)
            write_bytes(content, entry->bytes + begin, size, offset);
        begin += size;
    }
}

static void
set_name(struct tape_name names[], const char *name, int file)
{
    struct tape_name *place = NULL;
    size_t i;

    for (i = 0; i < TAPE_NAME_COUNT_MAX; i++) {
        if (names[i].name == NULL) {
            place = place == NULL ? &names[i] : place;
        } else if (strcmp(names[i].name, name) == 0) {
            place = &names[i];
            break;
        }
    }
    assert(place != NULL);
    free(place->name);
    place->name = file != TAPE_NO_FILE ? strdup(name) : NULL;
    place->file = file;
}

static void
apply_name(struct tape_name names[], const struct tape_entry *entry)
{
    if (entry->old_name != NULL)
        set_name(names, entry->old_name, TAPE_NO_FILE);
    set_name(names, entry->name, entry->file);
}

/** Which entries of a list a cut leaves whole, with this kind of survival. */
static bool
survives(enum survival survival, size_t i, size_t cut, unsigned *seed)
{
    switch (survival) {
    case SURVIVES_WHOLE:
        return true;
    case SURVIVES_BEGINNING:
    case SURVIVES_TORN_END:
        return i < cut;
    case SURVIVES_IN_PIECES:
        return draw(seed, 2) == 0;
    case SURVIVES_NOT:
    case SURVIVES_IN_SECTORS:
    case SURVIVAL_COUNT:
        break;
    }
    return false;
}

/** What is left of the names. Free them one by one. */
static void
cut_names(const struct platter *platter, struct tape_name names[],
          enum survival survival, unsigned *seed)
{
    const struct entries *entries = &platter->unsynced_names;
    const size_t cut = draw(seed, entries->count + 1);
    size_t i;

    for (i = 0; i < TAPE_NAME_COUNT_MAX; i++) {
        if (platter->names[i].name != NULL)
            set_name(names, platter->names[i].name, platter->names[i].file);
    }
    for (i = 0; i < entries->count; i++) {
        if (survives(survival, i, cut, seed))
            apply_name(names, entries->each[i]);
    }
}

static void
sync_file(struct platter *platter, int file)
{
    struct entries *entries = &platter->unsynced[file];
    size_t i;

    for (i = 0; i < entries->count; i++)
        apply(&platter->files[file], entries->each[i]);
    entries->count = 0;
}

static void
sync_names(struct platter *platter)
{
    struct entries *entries = &platter->unsynced_names;
    size_t i;

    for (i = 0; i < entries->count; i++)
        apply_name(platter->names, entries->each[i]);
    entries->count = 0;
}

static void
play(struct platter *platter, const struct tape_entry *entry)
{
    switch (entry->kind) {
    case TAPE_WRITE:
    case TAPE_RESIZE:
        add_entry(&platter->unsynced[entry->file], entry);
        break;
    case TAPE_SYNC:
        sync_file(platter, entry->file);
        break;
    case TAPE_NAME:
        add_entry(&platter->unsynced_names, entry);
        break;
    case TAPE_SYNC_NAMES:
        sync_names(platter);
        break;
    case TAPE_MARK:
        break;
    }
}

void
platter_play(struct platter *platter, size_t entry_count)
{
    while (platter->played_count < entry_count)
        play(platter, &platter->tape->entries[platter->played_count++]);
}

static void
path_in(char path[512], const char *directory, const char *name)
{
    (void)snprintf(path, 512, "%s/%s", directory, name);
}

static void
read_file(struct content *content, const char *path)
{
    FILE *file = fopen(path, "re");
    static unsigned char bytes[256 * 1024];
    size_t size;

    assert(file != NULL);
    while ((size = fread(bytes, 1, sizeof(bytes), file)) > 0)
        write_bytes(content, bytes, size, content->size);
    (void)fclose(file); /* nothing was written */
}

struct platter *
platter_new(const struct tape *tape)
{
    struct platter *platter = calloc(1, sizeof(*platter));

    assert(platter != NULL);
    platter->tape = tape;
    return platter;
}

struct platter *
platter_new_from_files(const struct tape *tape)
{
    struct platter *platter = platter_new(tape);
    size_t i;

    for (i = 0; i < TAPE_NAME_COUNT_MAX; i++) {
        char path[512];

        if (tape->names[i].name == NULL)
            continue;
        set_name(platter->names, tape->names[i].name, tape->names[i].file);
        path_in(path, tape->directory, tape->names[i].name);
        read_file(&platter->files[tape->names[i].file], path);
    }
    return platter;
}

/** The number that a tape has for what has this name. */
static int
file_named(const struct tape *tape, const char *name)
{
    size_t i;

    for (i = 0; i < TAPE_NAME_COUNT_MAX; i++) {
        if (tape->names[i].name != NULL &&
            strcmp(tape->names[i].name, name) == 0)
            return tape->names[i].file;
    }
    assert(false);
    return TAPE_NO_FILE;
}

/** A copy of what was synced, and the list of what was not. */
static void
take_over(struct platter *platter, int file, const struct platter *killed,
          int file_then)
{
    const struct content *content = &killed->files[file_then];
    const struct entries *entries = &killed->unsynced[file_then];
    size_t i;

    write_bytes(&platter->files[file], content->bytes,
                (size_t)content->byte_count, 0);
    resize(&platter->files[file], content->size);
    for (i = 0; i < entries->count; i++)
        add_entry(&platter->unsynced[file], entries->each[i]);
}

/* Names are as all see them, also on the disk: else two tapes would have to
 * agree on what is behind a name that is gone. */
struct platter *
platter_new_from_kill(const struct tape *tape, const struct platter *killed)
{
    struct platter *platter = platter_new(tape);
    struct tape_name names[TAPE_NAME_COUNT_MAX] = {{NULL, 0}};
    unsigned seed = 0; /* nothing is left to chance */
    size_t i;

    cut_names(killed, names, SURVIVES_WHOLE, &seed);
    for (i = 0; i < TAPE_NAME_COUNT_MAX; i++) {
        int file;

        if (names[i].name == NULL)
            continue;
        file = file_named(tape, names[i].name);
        set_name(platter->names, names[i].name, file);
        take_over(platter, file, killed, names[i].file);
        free(names[i].name);
    }
    return platter;
}

static bool
is_torn(enum survival survival, size_t i, size_t cut)
{
    return survival == SURVIVES_IN_SECTORS ||
           (survival == SURVIVES_TORN_END && i == cut);
}

/** What is left of a file. The bytes are the caller's to free. */
static struct content
cut_file(const struct platter *platter, int file, enum survival survival,
         unsigned *seed)
{
    const struct entries *entries = &platter->unsynced[file];
    const size_t cut = draw(seed, entries->count + 1);
    struct content content = {NULL, 0, 0};
    size_t i;

    write_bytes(&content, platter->files[file].bytes,
                (size_t)platter->files[file].byte_count, 0);
    resize(&content, platter->files[file].size);
    for (i = 0; i < entries->count; i++) {
        if (is_torn(survival, i, cut))
            apply_torn(&content, entries->each[i], seed);
        else if (survives(survival, i, cut, seed))
            apply(&content, entries->each[i]);
    }
    return content;
}

static void
write_file(const char *path, const struct content *content)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ssize_t size = (ssize_t)content->byte_count;

    assert(fd >= 0);
    if (write(fd, content->bytes, (size_t)size) != size ||
        ftruncate(fd, content->size) != 0 || close(fd) != 0)
        abort(); /* the disk of the test itself is full */
}

static void
empty_directory(const char *directory)
{
    DIR *entries = opendir(directory);
    const struct dirent *entry;
    char path[512];

    assert(entries != NULL);
    while ((entry = readdir(entries)) != NULL) {
        path_in(path, directory, entry->d_name);
        (void)unlink(path); /* "." and ".." stay */
    }
    (void)closedir(entries); /* nothing was written */
}

/** Make the file of this name from what is left, and let the name go. */
static void
write_rest(const struct platter *platter, const char *directory,
           struct tape_name *name, enum survival survival, unsigned *seed)
{
    struct content content = cut_file(platter, name->file, survival, seed);
    char path[512];

    path_in(path, directory, name->name);
    write_file(path, &content);
    free(content.bytes);
    free(name->name);
    name->name = NULL;
}

/** What was in shared memory can be found again, or noise, or nothing. */
static void
write_noise(const char *path, unsigned *seed)
{
    struct content content = {NULL, 0, 0};
    unsigned char bytes[32768];
    size_t i;

    for (i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)draw(seed, 256);
    write_bytes(&content, bytes, sizeof(bytes), 0);
    write_file(path, &content);
    free(content.bytes);
}

static enum survival
draw_survival(unsigned *seed)
{
    return (enum survival)draw(seed, SURVIVAL_COUNT);
}

void
platter_cut(const struct platter *platter, const char *directory,
            unsigned *seed)
{
    struct tape_name names[TAPE_NAME_COUNT_MAX] = {{NULL, 0}};
    char path[512];
    size_t i;

    empty_directory(directory);
    cut_names(platter, names, draw_survival(seed), seed);
    for (i = 0; i < TAPE_NAME_COUNT_MAX; i++) {
        if (names[i].name != NULL)
            write_rest(platter, directory, &names[i], draw_survival(seed),
                       seed);
    }
    if (draw(seed, 4) == 0) {
        path_in(path, directory, "events.sqlite-shm");
        write_noise(path, seed);
    }
}

void
platter_kill(const struct platter *platter, const char *directory)
{
    struct tape_name names[TAPE_NAME_COUNT_MAX] = {{NULL, 0}};
    unsigned seed = 0; /* nothing is left to chance */
    size_t i;

    empty_directory(directory);
    cut_names(platter, names, SURVIVES_WHOLE, &seed);
    for (i = 0; i < TAPE_NAME_COUNT_MAX; i++) {
        if (names[i].name != NULL)
            write_rest(platter, directory, &names[i], SURVIVES_WHOLE, &seed);
    }
}

void
platter_free(struct platter *platter)
{
    size_t i;

    for (i = 0; i < TAPE_FILE_COUNT_MAX; i++) {
        free(platter->files[i].bytes);
        free(platter->unsynced[i].each);
    }
    for (i = 0; i < TAPE_NAME_COUNT_MAX; i++)
        free(platter->names[i].name);
    free(platter->unsynced_names.each);
    free(platter);
}
