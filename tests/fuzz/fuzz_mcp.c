/* SPDX-License-Identifier: MIT */
/*
 * Lines of any content to the server of a model: what it answers are lines of
 * JSON-RPC, no more of them than lines came, and the file is as it was.
 */
#include "folder.h"
#include "fuzz.h"

#include "mcp/mcp.h"

#include <collector/collector.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* No question of an input needs longer, and some would never end. */
#define DEADLINE_MS 50

static const char hello[] =
    "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{"
    "\"protocolVersion\":\"2025-03-26\"}}\n";

static char *path;
static char *before;
static size_t before_size;

/** All of a file; yours to free. */
static char *
read_all(FILE *file, size_t *ret_size)
{
    char *text;
    long size;

    fuzz_check(fseek(file, 0, SEEK_END) == 0);
    size = ftell(file);
    fuzz_check(size >= 0);
    rewind(file);
    text = calloc(1, (size_t)size + 1);
    fuzz_check(text != NULL);
    fuzz_check(fread(text, 1, (size_t)size, file) == (size_t)size);
    *ret_size = (size_t)size;
    return text;
}

static char *
read_database(size_t *ret_size)
{
    FILE *file = fopen(path, "re");
    char *text;

    fuzz_check(file != NULL);
    text = read_all(file, ret_size);
    (void)fclose(file);
    return text;
}

static void
fill(struct collector_store *store)
{
    static const struct collector_event events[] = {
        {.device_id = "pump-7",
         .kind = "temperature",
         .payload = "{\"celsius\":21.4}",
         .ts = 1767225600000},
        {.device_id = "pump-8", .kind = "alarm", .ts = 1767225600000},
    };

    fuzz_check(collector_store_append(store, events, 2, NULL, NULL) ==
               COLLECTOR_OK);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct collector_store_options options;
    struct collector_store *store = NULL;

    (void)argc;
    (void)argv;
    folder_make();
    path = strdup(folder_path("events.sqlite"));
    fuzz_check(path != NULL);
    collector_store_options_init(&options);
    options.path = path;
    fuzz_check(collector_store_open(&options, &store) == COLLECTOR_OK);
    fill(store);
    collector_store_free(store);
    before = read_database(&before_size);
    return 0;
}

/** Whether a tree is an answer. */
static bool
is_answer(const json_t *tree)
{
    const json_t *version = json_object_get(tree, "jsonrpc");

    return json_is_string(version) &&
           strcmp(json_string_value(version), "2.0") == 0 &&
           json_object_get(tree, "id") != NULL &&
           (json_object_get(tree, "result") != NULL) !=
               (json_object_get(tree, "error") != NULL);
}

static void
check_line(const char *line, size_t size)
{
    json_t *tree =
        json_loadb(line, size, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
    json_t *part;
    size_t i;

    fuzz_check(tree != NULL);
    fuzz_check(json_is_array(tree) || is_answer(tree));
    json_array_foreach(tree, i, part) fuzz_check(is_answer(part));
    json_decref(tree);
}

static size_t
check_lines(const char *text, size_t size)
{
    const char *end = text + size;
    size_t count = 0;

    while (text < end) {
        const char *feed = memchr(text, '\n', (size_t)(end - text));

        fuzz_check(feed != NULL);
        check_line(text, (size_t)(feed - text));
        text = feed + 1;
        count++;
    }
    return count;
}

static size_t
count_lines(const uint8_t *data, size_t size)
{
    size_t count = 1; /* the last one needs no end */
    size_t i;

    for (i = 0; i < size; i++)
        count += data[i] == '\n' ? 1 : 0;
    return count;
}

static FILE *
memory_file(void)
{
    FILE *file = fdopen(memfd_create("fuzz", MFD_CLOEXEC), "w+");

    fuzz_check(file != NULL);
    return file;
}

/** What the server answers; yours to free. */
static char *
answers_to(const uint8_t *data, size_t data_size, size_t *ret_size)
{
    const struct mcp_options options = {
        .path = path,
        .deadline_ms = DEADLINE_MS,
        .limits = {STANDING_UNKNOWN, STANDING_UNKNOWN}};
    FILE *in = memory_file();
    FILE *out = memory_file();
    char *text;

    (void)fwrite(hello, 1, sizeof(hello) - 1, in);
    (void)fwrite(data, 1, data_size, in);
    fuzz_check(fflush(in) == 0);
    rewind(in);
    fuzz_check(mcp_serve(&options, fileno(in), fileno(out)) == 0);
    text = read_all(out, ret_size);
    (void)fclose(in);
    (void)fclose(out);
    return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t answers_size;
    char *answers = answers_to(data, size, &answers_size);
    size_t after_size;
    char *after = read_database(&after_size);

    fuzz_check(check_lines(answers, answers_size) <=
               count_lines(data, size) + 1);
    fuzz_check(after_size == before_size &&
               memcmp(after, before, before_size) == 0);
    free(answers);
    free(after);
    return 0;
}
