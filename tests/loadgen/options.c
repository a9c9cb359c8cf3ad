/* SPDX-License-Identifier: MIT */
/* The command line. Each measurement is a flag; the others say how. */
#include "options.h"

#include "quantity.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

/** Producers are threads or connections of this one process. */
#define WORKERS_MAX 4096

/** A longer cell is a mistake in the unit. */
#define DURATION_MS_MAX (24 * 60 * 60 * 1000)

#define DEVICES_MAX 10000000

/** Flags that are no measurement. */
enum flag {
    FLAG_AGAINST = MEASURE_DRAIN + 1,
    FLAG_WORKERS,
    FLAG_DURATION,
    FLAG_DEVICES,
    FLAG_BATCH,
    FLAG_MODE,
    FLAG_DB,
    FLAG_TOKEN_FILE,
    FLAG_DIRECTORY,
    FLAG_LONG,
    FLAG_JSON,
    FLAG_HELP
};

/** One flag of the one table of all. */
struct flag_row {
    const char *name;
    /** The form of its value; NULL when it takes none. */
    const char *argument;
    /** An enum measurement or an enum flag. */
    int which;
    const char *help;
};

static const struct flag_row rows[] = {
    {"target", "URL", MEASURE_TARGET,
     "load the collector at http://HOST:PORT, and prove that it lost nothing"},
    {"floor", "ADDR", MEASURE_FLOOR,
     "answer POST /events without parsing or storing, until killed"},
    {"count", "ADDR", MEASURE_COUNTER,
     "be an upstream that counts what it gets, until killed"},
    {"bench", NULL, MEASURE_BENCH,
     "append single events through the library, by write mode"},
    {"contention", NULL, MEASURE_CONTENTION,
     "the same beside an uploader's fetch and checkpoint"},
    {"disjoint", NULL, MEASURE_DISJOINT,
     "append batches of 20 through the library, by write mode"},
    {"growth", NULL, MEASURE_GROWTH,
     "append and drain with 0, 1 and 5 million events kept, and with none;\n"
     "        with a -duration under 1s, with 0, 10,000 and 50,000"},
    {"drain", NULL, MEASURE_DRAIN,
     "drain a backlog of a million events into a webhook;\n        with a "
     "-duration under 2s, of 100,000"},
    {"against", "URL", FLAG_AGAINST,
     "with -target: load this one in turn, and print the ratio"},
    {"workers", "N", FLAG_WORKERS,
     "producers: connections, or threads (default 16)"},
    {"duration", "DURATION", FLAG_DURATION,
     "of -target or of one cell, such as 500ms or 10s (default 5s)"},
    {"devices", "N", FLAG_DEVICES, "distinct device ids (default 100)"},
    {"batch", "N", FLAG_BATCH,
     "events in a request or an append (default 1; 20 with -disjoint)"},
    {"mode", "group|serialized|concurrent", FLAG_MODE,
     "measure this write mode only (default all)"},
    {"db", "FILE", FLAG_DB,
     "with -target: the collector's file, where each event is looked up"},
    {"token-file", "FILE", FLAG_TOKEN_FILE,
     "with -target: the bearer token to show there, of scope admin"},
    {"dir", "DIRECTORY", FLAG_DIRECTORY,
     "where files are made, and removed again (default .)"},
    {"long", NULL, FLAG_LONG,
     "with -growth: up to 10 million events, or 100,000"},
    {"json", NULL, FLAG_JSON, "print one JSON object and no table"},
    {"help", NULL, FLAG_HELP, "print this text"},
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static const char *const mode_words[] = {
    [COLLECTOR_MODE_GROUP] = "group",
    [COLLECTOR_MODE_SERIALIZED] = "serialized",
    [COLLECTOR_MODE_CONCURRENT] = "concurrent",
};

const char *
options_mode_word(enum collector_write_mode mode)
{
    return mode_words[mode];
}

void
options_print_help(void)
{
    size_t i;

    (void)printf("usage: loadgen MEASUREMENT [options]\n\n"
                 "Loads a collector, or the library alone, and says how fast "
                 "it was.\nThe exit status is 0, 1 when something was lost or "
                 "failed, 2 for a mistake\non the command line.\n\n");
    for (i = 0; i < ROW_COUNT; i++)
        (void)printf("  -%s%s%s\n        %s\n", rows[i].name,
                     rows[i].argument != NULL ? " " : "",
                     rows[i].argument != NULL ? rows[i].argument : "",
                     rows[i].help);
    (void)printf("\nAlso as --name value, -name=value and --name=value.\n");
}

static bool
refuse(const struct flag_row *row, const char *text, const char *expected)
{
    (void)fprintf(stderr, "loadgen: -%s \"%s\": expected %s\n", row->name, text,
                  expected);
    return false;
}

static bool
set_number(const struct flag_row *row, const char *text, uint64_t max,
           unsigned *number)
{
    uint64_t read;

    if (!quantity_number(text, &read) || read < 1 || read > max) {
        (void)fprintf(stderr,
                      "loadgen: -%s \"%s\": expected a number from 1 to %llu\n",
                      row->name, text, (unsigned long long)max);
        return false;
    }
    *number = (unsigned)read;
    return true;
}

static bool
set_duration(const struct flag_row *row, const char *text, uint64_t *ms)
{
    if (!quantity_duration(text, ms) || *ms < 1 || *ms > DURATION_MS_MAX)
        return refuse(row, text, "a duration such as 500ms or 10s, up to 24h");
    return true;
}

static bool
set_mode(const struct flag_row *row, const char *text, int *mode)
{
    size_t i;

    for (i = 0; i < sizeof(mode_words) / sizeof(mode_words[0]); i++) {
        if (strcmp(mode_words[i], text) == 0) {
            *mode = (int)i;
            return true;
        }
    }
    return refuse(row, text, row->argument);
}

static bool
set_address(const struct flag_row *row, const char *text,
            struct address *address)
{
    if (address_parse(text, address) != NULL)
        return refuse(row, text, "[HOST]:PORT with an IPv4 address");
    return true;
}

/** Read http://HOST:PORT, with or without the path of a POST behind it. */
static bool
set_url(const struct flag_row *row, const char *text, struct address *address)
{
    static const char scheme[] = "http://";
    char authority[64];
    const char *rest;
    size_t size;

    if (strncmp(text, scheme, sizeof(scheme) - 1) != 0)
        return refuse(row, text, "http://HOST:PORT");
    text += sizeof(scheme) - 1;
    size = strcspn(text, "/");
    rest = text + size;
    if (size >= sizeof(authority) ||
        (rest[0] != '\0' && strcmp(rest, "/") != 0 &&
         strcmp(rest, "/events") != 0))
        return refuse(row, text, "http://HOST:PORT");
    (void)snprintf(authority, sizeof(authority), "%.*s", (int)size, text);
    if (address_parse(authority, address) != NULL || address->port == 0)
        return refuse(row, text, "http://HOST:PORT with an IPv4 address");
    return true;
}

/** Take a measurement; there can be but one. */
static bool
set_measurement(const struct flag_row *row, const char *text,
                struct options *options)
{
    if (options->measurement != MEASURE_NONE) {
        (void)fprintf(stderr, "loadgen: -%s: one measurement at a time\n",
                      row->name);
        return false;
    }
    options->measurement = (enum measurement)row->which;
    if (row->which == MEASURE_TARGET)
        return set_url(row, text, &options->target);
    if (row->argument != NULL)
        return set_address(row, text, &options->listen);
    return true;
}

static bool
set_flag(const struct flag_row *row, const char *text, struct options *options)
{
    switch (row->which) {
    case FLAG_AGAINST:
        options->compared = true;
        return set_url(row, text, &options->against);
    case FLAG_WORKERS:
        return set_number(row, text, WORKERS_MAX, &options->workers);
    case FLAG_DURATION:
        return set_duration(row, text, &options->duration_ms);
    case FLAG_DEVICES:
        return set_number(row, text, DEVICES_MAX, &options->devices);
    case FLAG_BATCH:
        return set_number(row, text, COLLECTOR_APPEND_COUNT_MAX,
                          &options->batch);
    case FLAG_MODE:
        return set_mode(row, text, &options->mode);
    case FLAG_DB:
        options->db = text;
        return true;
    case FLAG_TOKEN_FILE:
        options->token_file = text;
        return true;
    case FLAG_DIRECTORY:
        options->directory = text;
        return true;
    case FLAG_LONG:
        options->long_run = true;
        return true;
    case FLAG_JSON:
        options->json = true;
        return true;
    default:
        return set_measurement(row, text, options);
    }
}

/**
 * Read the next flag: written out, while getopt takes a beginning for the
 * whole.
 *
 * @return 1, 0 at the end of the flags, or -1 after the mistake was said.
 */
static int
next_flag(int argc, char **argv, const struct flag_row **ret_row)
{
    struct option flags[ROW_COUNT + 1] = {{NULL, 0, NULL, 0}};
    const char *text = argv[optind];
    int found = 0;
    size_t size;
    size_t i;

    for (i = 0; i < ROW_COUNT; i++) {
        flags[i].name = rows[i].name;
        flags[i].has_arg =
            rows[i].argument != NULL ? required_argument : no_argument;
    }
    switch (getopt_long_only(argc, argv, "+", flags, &found)) {
    case 0:
        break;
    case -1:
        return 0;
    default: /* getopt has said why */
        (void)fprintf(stderr, "loadgen: see -help\n");
        return -1;
    }
    text += strspn(text, "-");
    size = strcspn(text, "=");
    *ret_row = &rows[found];
    if (strlen(rows[found].name) == size)
        return 1;
    (void)fprintf(stderr, "loadgen: -%.*s: is -%s meant?\n", (int)size, text,
                  rows[found].name);
    return -1;
}

/** Whether a flag changes anything about a measurement. */
static bool
has_effect(int flag, const struct options *options)
{
    const enum measurement measurement = options->measurement;
    const bool by_mode = measurement == MEASURE_BENCH ||
                         measurement == MEASURE_CONTENTION ||
                         measurement == MEASURE_DISJOINT;

    switch (flag) {
    case FLAG_AGAINST:
    case FLAG_DB:
    case FLAG_TOKEN_FILE:
        return measurement == MEASURE_TARGET;
    case FLAG_BATCH:
        return by_mode || measurement == MEASURE_TARGET ||
               measurement == MEASURE_DRAIN;
    case FLAG_MODE: /* the others measure the default */
        return by_mode || options->mode == COLLECTOR_MODE_GROUP;
    case FLAG_LONG:
        return measurement == MEASURE_GROWTH;
    default:
        return true;
    }
}

/** Check what can only be judged with all flags known. */
static bool
check(const struct options *options, const bool given[ROW_COUNT])
{
    size_t i;

    if (options->measurement == MEASURE_NONE) {
        (void)fprintf(stderr, "loadgen: what is to be measured? See -help\n");
        return false;
    }
    for (i = 0; i < ROW_COUNT; i++) {
        if (given[i] && !has_effect(rows[i].which, options)) {
            (void)fprintf(stderr,
                          "loadgen: -%s changes nothing here; see -help\n",
                          rows[i].name);
            return false;
        }
    }
    return true;
}

enum options_action
options_parse(int argc, char **argv, struct options *ret_options)
{
    struct options options = {.workers = 16,
                              .duration_ms = 5000,
                              .devices = 100,
                              .mode = -1,
                              .directory = "."};
    const struct flag_row *row;
    bool given[ROW_COUNT] = {false};
    int rc;

    while ((rc = next_flag(argc, argv, &row)) > 0) {
        if (row->which == FLAG_HELP)
            return OPTIONS_SHOW_HELP;
        if (!set_flag(row, optarg, &options))
            return OPTIONS_REFUSE;
        given[row - rows] = true;
    }
    if (rc < 0)
        return OPTIONS_REFUSE;
    if (optind < argc) {
        (void)fprintf(stderr, "loadgen: \"%s\": expected a flag; see -help\n",
                      argv[optind]);
        return OPTIONS_REFUSE;
    }
    if (!check(&options, given))
        return OPTIONS_REFUSE;
    *ret_options = options;
    return OPTIONS_RUN;
}
