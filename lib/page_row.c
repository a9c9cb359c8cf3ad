/* SPDX-License-Identifier: MIT */
/*
 * Rows as they lie in a page, after sections 1.6 and 2.1 of "Database File
 * Format" (https://www.sqlite.org/fileformat2.html). Every number in the page
 * may be anything: each is held against what is really there before it is used.
 */
#include "page_row.h"

#define LEAF_OF_TABLE 0x0d
#define LEAF_HEADER_SIZE 8
#define CELL_POINTER_SIZE 2
#define VARINT_SIZE_MAX 9

/* Types of columns, beside those of texts and blobs, which say their size. */
#define TYPE_NULL 0
#define TYPE_INTEGER_LAST 6
#define TYPE_ZERO 8
#define TYPE_ONE 9
#define TYPE_BLOB_FIRST 12

/** Read a number of one byte to nine. @return Its bytes; 0 when it goes past
 *  the end. */
static size_t
get_varint(const unsigned char *bytes, size_t available, uint64_t *ret_number)
{
    uint64_t number = 0;
    size_t i;

    for (i = 0; i < available && i < VARINT_SIZE_MAX - 1; i++) {
        number = number << 7 | (bytes[i] & 0x7f);
        if ((bytes[i] & 0x80) == 0) {
            *ret_number = number;
            return i + 1;
        }
    }
    if (available < VARINT_SIZE_MAX)
        return 0;
    *ret_number = number << 8 | bytes[VARINT_SIZE_MAX - 1];
    return VARINT_SIZE_MAX;
}

static uint32_t
get16(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 8 | bytes[1];
}

uint32_t
collector__page_cell_count(struct collector__page page)
{
    uint32_t count;

    if (page.data[0] != LEAF_OF_TABLE)
        return 0;
    count = get16(page.data + 3);
    return count <= (page.size - LEAF_HEADER_SIZE) / CELL_POINTER_SIZE ? count
                                                                       : 0;
}

/** How many bytes of a row lie in its leaf. */
static size_t
local_size_of(uint32_t page_size, size_t row_size)
{
    const size_t size_max = page_size - 35;
    const size_t size_min = (size_t)(page_size - 12) * 32 / 255 - 23;
    size_t size;

    if (row_size <= size_max)
        return row_size;
    size = size_min + (row_size - size_min) % (page_size - 4);
    return size <= size_max ? size : size_min;
}

bool
collector__page_cell(struct collector__page page, uint32_t i,
                     struct collector__page_cell *ret_cell)
{
    const unsigned char *pointers = page.data + LEAF_HEADER_SIZE;
    uint32_t offset = get16(pointers + (size_t)i * CELL_POINTER_SIZE);
    uint64_t row_size;
    uint64_t id;
    size_t size;
    size_t used;

    if (offset < LEAF_HEADER_SIZE || offset >= page.size)
        return false;
    size = get_varint(page.data + offset, page.size - offset, &row_size);
    if (size == 0 || row_size == 0 || row_size > COLLECTOR_PAGE_ROW_SIZE_MAX)
        return false;
    used = size;
    size =
        get_varint(page.data + offset + used, page.size - offset - used, &id);
    if (size == 0 || id == 0 || id > INT64_MAX)
        return false;
    used += size;
    ret_cell->id = (int64_t)id;
    ret_cell->size = (size_t)row_size;
    ret_cell->local = page.data + offset + used;
    ret_cell->local_size = local_size_of(page.size, (size_t)row_size);
    ret_cell->overflow_page = 0;
    used += ret_cell->local_size;
    if (ret_cell->local_size == ret_cell->size)
        return offset + used <= page.size;
    if (offset + used + 4 > page.size)
        return false;
    ret_cell->overflow_page = get16(page.data + offset + used) << 16 |
                              get16(page.data + offset + used + 2);
    return true;
}

/** Bytes of a column of this type: a damaged one may claim more than fits into
 *  a size_t of 32 bits, and must not pass for a small one there. */
static uint64_t
size_of(uint64_t type)
{
    static const uint64_t integer_sizes[] = {0, 1, 2, 3, 4, 6, 8};

    if (type <= TYPE_INTEGER_LAST)
        return integer_sizes[type];
    if (type >= TYPE_BLOB_FIRST)
        return (type - TYPE_BLOB_FIRST) / 2;
    return type == TYPE_ZERO || type == TYPE_ONE ? 0 : 8;
}

bool
collector__page_columns(const unsigned char *row, size_t available,
                        size_t row_size,
                        struct collector__page_columns *ret_columns)
{
    uint64_t header_size;
    uint64_t type;
    size_t offset;
    size_t used = get_varint(row, available, &header_size);
    uint64_t column_size;
    size_t size;

    if (used == 0 || header_size < used || header_size > available)
        return false;
    offset = (size_t)header_size;
    ret_columns->count = 0;
    while (used < header_size) {
        size = get_varint(row + used, (size_t)header_size - used, &type);
        if (size == 0 || ret_columns->count == COLLECTOR_PAGE_COLUMN_COUNT_MAX)
            return false;
        used += size;
        column_size = size_of(type);
        if (column_size > row_size)
            return false;
        ret_columns->types[ret_columns->count] = type;
        ret_columns->offsets[ret_columns->count] = offset;
        ret_columns->sizes[ret_columns->count++] = (size_t)column_size;
        /* It can't overflow: few columns, each within the row. */
        offset += (size_t)column_size;
    }
    return offset == row_size;
}

bool
collector__page_column_is_null(const struct collector__page_columns *columns,
                               size_t i)
{
    return columns->types[i] == TYPE_NULL;
}

bool
collector__page_column_is_text(const struct collector__page_columns *columns,
                               size_t i)
{
    return columns->types[i] > TYPE_BLOB_FIRST && columns->types[i] % 2 == 1;
}

bool
collector__page_column_is_integer(const struct collector__page_columns *columns,
                                  size_t i)
{
    const uint64_t type = columns->types[i];

    return (type > TYPE_NULL && type <= TYPE_INTEGER_LAST) ||
           type == TYPE_ZERO || type == TYPE_ONE;
}

int64_t
collector__page_column_integer(const struct collector__page_columns *columns,
                               const unsigned char *row, size_t i)
{
    const unsigned char *bytes = row + columns->offsets[i];
    uint64_t number;
    size_t n;

    if (columns->sizes[i] == 0)
        return columns->types[i] == TYPE_ONE ? 1 : 0;
    number = bytes[0] >= 0x80 ? UINT64_MAX : 0; /* the sign */
    for (n = 0; n < columns->sizes[i]; n++)
        number = number << 8 | bytes[n];
    return (int64_t)number;
}
