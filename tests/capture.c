/* SPDX-License-Identifier: MIT */
#include "capture.h"

#include "support.h"

#include <stdlib.h>

static FILE *stream;
static char *bytes;
static size_t byte_count;

FILE *
capture_begin(void)
{
    stream = open_memstream(&bytes, &byte_count);
    ck_assert_ptr_nonnull(stream);
    return stream;
}

const char *
capture_end(void)
{
    const char *text;

    ck_assert_int_eq(fclose(stream), 0);
    ck_assert_uint_eq(strlen(bytes), byte_count);
    text = support_format("%s", bytes);
    free(bytes);
    bytes = NULL;
    return text;
}
