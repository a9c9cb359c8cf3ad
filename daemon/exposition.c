/* SPDX-License-Identifier: MIT */
/*
 * Prometheus' text format. Numbers are written as they are, in decimal: none
 * goes through a double, so that what adds up here adds up there.
 */
#include "exposition.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Nanoseconds. */
#define DECIMALS_MAX 9

struct exposition {
    FILE *stream;
    /* The stream's. */
    char *text;
    size_t size;
    /* Of the metric that was begun; borrowed. */
    const char *name;
};

struct exposition *
exposition_new(void)
{
    struct exposition *out = calloc(1, sizeof(*out));

    if (out == NULL)
        return NULL;
    out->stream = open_memstream(&out->text, &out->size);
    if (out->stream == NULL) {
        free(out);
        return NULL;
    }
    return out;
}

/* A failed write is found in the end: the stream remembers it. */
static void
put(struct exposition *out, const char *text)
{
    (void)fputs(text, out->stream);
}

static void
put_escaped(struct exposition *out, const char *text, const char *special)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            put(out, "\\n");
            continue;
        }
        for (const char *at = special; *at != '\0'; at++) {
            if (*at == *text)
                put(out, "\\");
        }
        (void)fputc(*text, out->stream);
    }
}

static const char *
word_of(enum exposition_kind kind)
{
    switch (kind) {
    case EXPOSITION_COUNTER:
        return "counter";
    case EXPOSITION_GAUGE:
        return "gauge";
    case EXPOSITION_HISTOGRAM:
        return "histogram";
    }
    return "untyped";
}

void
exposition_begin(struct exposition *out, enum exposition_kind kind,
                 const char *name, const char *help)
{
    out->name = name;
    (void)fprintf(out->stream, "# HELP %s ", name);
    put_escaped(out, help, "\\");
    (void)fprintf(out->stream, "\n# TYPE %s %s\n", name, word_of(kind));
}

static void
put_labels(struct exposition *out, const struct exposition_label *labels,
           size_t label_count)
{
    size_t i;

    if (label_count == 0)
        return;
    for (i = 0; i < label_count; i++) {
        (void)fprintf(out->stream, "%s%s=\"", i == 0 ? "{" : ",",
                      labels[i].name);
        put_escaped(out, labels[i].value, "\\\"");
        put(out, "\"");
    }
    put(out, "}");
}

static void
put_number(struct exposition *out, uint64_t number, unsigned decimals)
{
    uint64_t unit = 1;
    unsigned i;

    assert(decimals <= DECIMALS_MAX);
    for (i = 0; i < decimals; i++)
        unit *= 10;
    (void)fprintf(out->stream, " %" PRIu64, number / unit);
    if (decimals > 0)
        (void)fprintf(out->stream, ".%0*" PRIu64, (int)decimals, number % unit);
    put(out, "\n");
}

void
exposition_sample(struct exposition *out, const char *suffix,
                  const struct exposition_label *labels, size_t label_count,
                  uint64_t number, unsigned decimals)
{
    put(out, out->name);
    put(out, suffix);
    put_labels(out, labels, label_count);
    put_number(out, number, decimals);
}

char *
exposition_finish(struct exposition *out, size_t *ret_size)
{
    bool failed = ferror(out->stream) != 0;
    char *text;

    failed = fclose(out->stream) != 0 || failed;
    text = out->text;
    if (failed) {
        free(text);
        text = NULL;
    } else {
        *ret_size = out->size;
    }
    free(out);
    return text;
}
