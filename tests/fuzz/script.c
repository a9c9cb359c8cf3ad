/* SPDX-License-Identifier: MIT */
/* Scripts of damage: the moves on bytes. */
#include "script.h"

#include "moves.h"
#include "seal.h"
#include "tamper.h"

#include <string.h>

/** Moves of a script at most: in SQL, and on bytes. */
#define TAMPER_COUNT_MAX 4
#define MOVE_COUNT_MAX 64

/** Bytes that one move overwrites with its own, at most. */
#define PATCH_SIZE_MAX 16

/** What a move's byte says beside the move: that it is about the log. */
#define OF_LOG 0x80

/** Where a leaf says where its rows are, and how many it is asked for. */
#define CELLS_OFFSET 8
#define CELL_COUNT_MAX 64

struct script {
    struct moves moves;
    struct base *base;
    /** What the move is about. */
    struct base_file *file;
};

static bool
is_log(const struct script *script)
{
    return script->file == &script->base->log;
}

/** The next of the moves' numbers, of so many bytes. */
static size_t
draw(struct script *script, size_t bytes)
{
    return (size_t)moves_number(&script->moves, bytes);
}

static size_t
unit_size(const struct script *script)
{
    return is_log(script) ? BASE_FRAME_SIZE : BASE_PAGE_SIZE;
}

/** Where a page begins, or a frame; the first one of a log is its header. */
static size_t
read_unit(struct script *script)
{
    const size_t unit = unit_size(script);
    const size_t count = script->file->size / unit + 1;
    const size_t i = draw(script, 1) % count;

    if (is_log(script) && i > 0)
        return BASE_LOG_HEADER_SIZE + (i - 1) * unit;
    return i * unit;
}

/** Any place in the file. */
static size_t
read_place(struct script *script)
{
    const size_t unit = read_unit(script);

    return unit + draw(script, 2) % unit_size(script);
}

static void
put(struct base_file *file, size_t place, unsigned byte)
{
    if (place < file->size)
        file->data[place] = (uint8_t)byte;
}

static void
patch(struct script *script)
{
    size_t place = read_place(script);
    size_t size = draw(script, 1) % PATCH_SIZE_MAX + 1;

    for (; size > 0; size--)
        put(script->file, place++, (unsigned)draw(script, 1));
}

static void
flip(struct script *script)
{
    const size_t place = read_place(script);
    const unsigned bit = 1u << draw(script, 1) % 8;

    if (place < script->file->size)
        script->file->data[place] ^= (uint8_t)bit;
}

static void
fill(struct script *script)
{
    size_t place = read_place(script);
    size_t size = draw(script, 2);
    const unsigned byte = (unsigned)draw(script, 1);

    for (; size > 0 && place < script->file->size; size--)
        put(script->file, place++, byte);
}

static void
cut(struct script *script)
{
    const size_t size = read_place(script);

    if (size < script->file->size)
        script->file->size = size;
}

static void
copy(struct script *script)
{
    size_t from = read_unit(script);
    size_t to = read_unit(script);
    size_t size = unit_size(script);

    for (; size > 0 && from < script->file->size; size--)
        put(script->file, to++, script->file->data[from++]);
}

static void
grow(struct script *script)
{
    struct base_file *file = script->file;
    size_t size = draw(script, 2);

    if (size > file->size_max - file->size)
        size = file->size_max - file->size;
    if (size > 0)
        memset(file->data + file->size, 0, size);
    file->size += size;
}

/** Overwrite a byte of a row, wherever its page says that it is. */
static void
change_row(struct script *script)
{
    const struct base_file *file = script->file;
    const size_t page =
        read_unit(script) + (is_log(script) ? BASE_FRAME_HEADER_SIZE : 0);
    const size_t cell = draw(script, 1) % CELL_COUNT_MAX;
    const size_t pointer = page + CELLS_OFFSET + 2 * cell;
    const size_t offset = draw(script, 1);
    const unsigned byte = (unsigned)draw(script, 1);

    if (pointer + 2 <= file->size)
        put(script->file,
            page + ((size_t)file->data[pointer] << 8) +
                file->data[pointer + 1] + offset,
            byte);
}

static void
seal(struct script *script)
{
    seal_log(&script->base->log);
}

static void (*const all_moves[])(struct script *) = {
    patch, flip, fill, cut, copy, grow, change_row, seal};

#define MOVE_KINDS (sizeof(all_moves) / sizeof(all_moves[0]))

struct base *
script_run(const uint8_t *data, size_t size)
{
    struct script script = {.moves = {data, data + size}};
    size_t i;

    script.base = base_copy(draw(&script, 1) % 2 != 0);
    tamper(script.base, &script.moves,
           draw(&script, 1) % (TAMPER_COUNT_MAX + 1));
    for (i = 0; i < MOVE_COUNT_MAX && script.moves.at < script.moves.end; i++) {
        const size_t byte = draw(&script, 1);

        script.file = byte & OF_LOG ? &script.base->log : &script.base->main;
        all_moves[byte % MOVE_KINDS](&script);
    }
    return script.base;
}
