/* SPDX-License-Identifier: MIT */
/*
 * One way out for all rows. A terminal is shown nothing that it would obey, in
 * any format; a file or a pipe gets the bytes as they are, but for a table,
 * which is for people wherever it goes.
 */
#include "printout.h"

#include "csv.h"
#include "display.h"
#include "row_json.h"
#include "table.h"
#include "voice.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct printout {
    enum format format;
    struct screen screen;
    struct table *table;
    uint64_t count;
    bool is_exhausted;
};

struct printout *
printout_new(const struct flags *flags, enum printout_kind kind)
{
    struct printout *printout = calloc(1, sizeof(*printout));

    if (printout != NULL) {
        printout->format = (enum format)flags->format;
        screen_look(stdout, &printout->screen);
        printout->table =
            table_new(&printout->screen, kind == PRINTOUT_MOMENTS);
    }
    if (printout == NULL || printout->table == NULL) {
        voice_say("out of memory");
        printout_free(printout);
        return NULL;
    }
    return printout;
}

const struct screen *
printout_screen(const struct printout *printout)
{
    return &printout->screen;
}

static void
write_names(const struct printout *printout, FILE *out,
            const struct collector_row *row)
{
    (void)printout;
    csv_write_names(out, row);
}

static void
write_row(const struct printout *printout, FILE *out,
          const struct collector_row *row)
{
    switch (printout->format) {
    case FORMAT_JSON:
        (void)fputs(printout->count == 0 ? "[" : ",\n ", out);
        row_json_write(out, row);
        return;
    case FORMAT_NDJSON:
        row_json_write(out, row);
        (void)putc('\n', out);
        return;
    case FORMAT_CSV:
        csv_write(out, row);
        return;
    case FORMAT_TABLE:
        break;
    }
}

/* A line of CSV ends as that of a text does there. What ends a line within it
 * was sent by somebody, who would write a row of his own. */
static void
write_to_terminal(const struct printout *printout, const char *text,
                  size_t size)
{
    FILE *out = printout->screen.out;

    if (printout->format != FORMAT_CSV) {
        display_write(out, text, size, DISPLAY_JSON);
        return;
    }
    if (size >= 2 && memcmp(text + size - 2, "\r\n", 2) == 0)
        size -= 2;
    display_write(out, text, size, DISPLAY_WORDS);
    (void)putc('\n', out);
}

/* Its writer makes one line of it, or what stands for one. */
static int
write_piece(struct printout *printout, const struct collector_row *row,
            void (*writer)(const struct printout *printout, FILE *out,
                           const struct collector_row *row))
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    bool is_written = false;

    if (out == NULL)
        return -1;
    writer(printout, out, row);
    if (fclose(out) == 0) {
        is_written = true;
        if (printout->screen.is_terminal)
            write_to_terminal(printout, text, size);
        else
            (void)fwrite(text, 1, size, printout->screen.out);
    }
    free(text);
    return is_written ? 0 : -1;
}

static int
write_text(struct printout *printout, const struct collector_row *row)
{
    if (printout->format == FORMAT_CSV && printout->count == 0 &&
        write_piece(printout, row, write_names) < 0)
        return -1;
    return write_piece(printout, row, write_row);
}

int
printout_show(void *userdata, const struct collector_row *row)
{
    struct printout *printout = userdata;
    const int rc = printout->format == FORMAT_TABLE
                       ? table_add(printout->table, row)
                       : write_text(printout, row);

    if (rc < 0)
        printout->is_exhausted = true;
    printout->count++;
    return rc < 0 || ferror(printout->screen.out);
}

int
printout_flush(struct printout *printout)
{
    table_flush(printout->table);
    return fflush(printout->screen.out) == 0 && !ferror(printout->screen.out) &&
                   !printout->is_exhausted
               ? 0
               : -1;
}

static void
write_footer(const struct printout *printout,
             const struct collector_answer *answer, const char *go_on)
{
    FILE *out = printout->screen.out;

    screen_style(&printout->screen, SCREEN_FAINT);
    (void)fprintf(out, "(%" PRIu64 " row%s", printout->count,
                  printout->count == 1 ? "" : "s");
    if (answer->elapsed_ms > 0)
        (void)fprintf(out, ", %" PRIu64 " ms", answer->elapsed_ms);
    if (answer->more)
        (void)fprintf(out, "; there is more: %s", go_on);
    (void)fputc(')', out);
    screen_style(&printout->screen, SCREEN_PLAIN);
    (void)fputc('\n', out);
}

enum command_status
printout_end(struct printout *printout, const struct collector_answer *answer,
             const char *go_on)
{
    const bool has_footer =
        printout->screen.is_terminal && printout->format == FORMAT_TABLE;

    table_flush(printout->table);
    if (printout->format == FORMAT_JSON)
        (void)fputs(printout->count == 0 ? "[]\n" : "]\n",
                    printout->screen.out);
    if (answer != NULL && has_footer)
        write_footer(printout, answer, go_on);
    if (printout->is_exhausted)
        voice_say("out of memory");
    if (!voice_end_output() || printout->is_exhausted)
        return COMMAND_FAILED;
    if (answer != NULL && answer->more && !has_footer)
        voice_say("there is more: %s", go_on);
    return COMMAND_DONE;
}

void
printout_free(struct printout *printout)
{
    if (printout == NULL)
        return;
    table_free(printout->table);
    free(printout);
}
