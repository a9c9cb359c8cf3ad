/* SPDX-License-Identifier: MIT */
/*
 * One way out for all rows. A terminal is shown nothing that it would obey, in
 * any format; a file or a pipe gets the bytes as they are, but for a table,
 * which is for people wherever it goes.
 */
#include "listing.h"

#include "csv.h"
#include "display.h"
#include "row_json.h"
#include "table.h"
#include "voice.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct listing {
    enum format format;
    struct screen screen;
    struct table *table;
    uint64_t count;
    bool is_exhausted;
};

struct listing *
listing_new(const struct flags *flags, enum listing_kind kind)
{
    struct listing *listing = calloc(1, sizeof(*listing));

    if (listing != NULL) {
        listing->format = (enum format)flags->format;
        screen_look(stdout, &listing->screen);
        listing->table = table_new(&listing->screen, kind == LISTING_MOMENTS);
    }
    if (listing == NULL || listing->table == NULL) {
        voice_say("out of memory");
        listing_free(listing);
        return NULL;
    }
    return listing;
}

const struct screen *
listing_screen(const struct listing *listing)
{
    return &listing->screen;
}

static void
write_row(const struct listing *listing, FILE *out,
          const struct collector_row *row)
{
    switch (listing->format) {
    case FORMAT_JSON:
        (void)fputs(listing->count == 0 ? "[" : ",\n ", out);
        row_json_write(out, row);
        return;
    case FORMAT_NDJSON:
        row_json_write(out, row);
        (void)putc('\n', out);
        return;
    case FORMAT_CSV:
        if (listing->count == 0)
            csv_write_names(out, row);
        csv_write(out, row);
        return;
    case FORMAT_TABLE:
        break;
    }
}

/* Lines of CSV end as those of a text do there. */
static void
write_to_terminal(const struct listing *listing, const char *text, size_t size)
{
    if (listing->format != FORMAT_CSV) {
        display_write(listing->screen.out, text, size, DISPLAY_JSON);
        return;
    }
    while (size > 0) {
        const char *line_end = memmem(text, size, "\r\n", 2);
        const size_t line_size =
            line_end != NULL ? (size_t)(line_end - text) : size;

        display_write(listing->screen.out, text, line_size, DISPLAY_WORDS);
        (void)putc('\n', listing->screen.out);
        if (line_end == NULL)
            return;
        text += line_size + 2;
        size -= line_size + 2;
    }
}

static int
write_text(struct listing *listing, const struct collector_row *row)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    bool is_written = false;

    if (out == NULL)
        return -1;
    write_row(listing, out, row);
    if (fclose(out) == 0) {
        is_written = true;
        if (listing->screen.is_terminal)
            write_to_terminal(listing, text, size);
        else
            (void)fwrite(text, 1, size, listing->screen.out);
    }
    free(text);
    return is_written ? 0 : -1;
}

int
listing_show(void *userdata, const struct collector_row *row)
{
    struct listing *listing = userdata;
    const int rc = listing->format == FORMAT_TABLE
                       ? table_add(listing->table, row)
                       : write_text(listing, row);

    if (rc < 0)
        listing->is_exhausted = true;
    listing->count++;
    return rc < 0 || ferror(listing->screen.out);
}

int
listing_flush(struct listing *listing)
{
    table_flush(listing->table);
    return fflush(listing->screen.out) == 0 && !ferror(listing->screen.out) &&
                   !listing->is_exhausted
               ? 0
               : -1;
}

static void
write_footer(const struct listing *listing,
             const struct collector_answer *answer, const char *go_on)
{
    FILE *out = listing->screen.out;

    screen_style(&listing->screen, SCREEN_FAINT);
    (void)fprintf(out, "(%" PRIu64 " row%s", listing->count,
                  listing->count == 1 ? "" : "s");
    if (answer->elapsed_ms > 0)
        (void)fprintf(out, ", %" PRIu64 " ms", answer->elapsed_ms);
    if (answer->more)
        (void)fprintf(out, "; there is more: %s", go_on);
    (void)fputc(')', out);
    screen_style(&listing->screen, SCREEN_PLAIN);
    (void)fputc('\n', out);
}

enum command_status
listing_end(struct listing *listing, const struct collector_answer *answer,
            const char *go_on)
{
    const bool has_footer =
        listing->screen.is_terminal && listing->format == FORMAT_TABLE;

    table_flush(listing->table);
    if (listing->format == FORMAT_JSON)
        (void)fputs(listing->count == 0 ? "[]\n" : "]\n", listing->screen.out);
    if (answer != NULL && has_footer)
        write_footer(listing, answer, go_on);
    if (listing->is_exhausted)
        voice_say("out of memory");
    if (!voice_end_output() || listing->is_exhausted)
        return COMMAND_FAILED;
    if (answer != NULL && answer->more && !has_footer)
        voice_say("there is more: %s", go_on);
    return COMMAND_DONE;
}

void
listing_free(struct listing *listing)
{
    if (listing == NULL)
        return;
    table_free(listing->table);
    free(listing);
}
