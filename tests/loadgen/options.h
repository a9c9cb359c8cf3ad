/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_OPTIONS_H
#define LOADGEN_OPTIONS_H

#include "address.h"

#include <collector/store.h>
#include <stdbool.h>
#include <stdint.h>

/** What is to be measured. */
enum measurement {
    MEASURE_NONE,
    MEASURE_TARGET,
    MEASURE_FLOOR,
    MEASURE_COUNTER,
    MEASURE_BENCH,
    MEASURE_CONTENTION,
    MEASURE_DISJOINT,
    MEASURE_GROWTH,
    MEASURE_DRAIN
};

/** All that can be set on the command line. Texts are those of main(). */
struct options {
    enum measurement measurement;
    /** Of -target: http://HOST:PORT. */
    struct address target;
    /** Of -against: a second one, loaded in turn with the first. */
    struct address against;
    bool compared;
    /** Of -floor and -count: where to listen. */
    struct address listen;
    /** Producers: connections, or threads that append. */
    unsigned workers;
    uint64_t duration_ms;
    /** Distinct device ids. */
    unsigned devices;
    /** Events in a request or an append; 0: the measurement's own choice. */
    unsigned batch;
    /** One write mode only; -1: all of them. */
    int mode;
    /** The collector's file, where -target looks each event up; or NULL. */
    const char *db;
    /** Of -target: a file with a token that may do everything; or NULL. */
    const char *token_file;
    /** Where files are made, and removed afterwards. */
    const char *directory;
    bool long_run;
    bool json;
};

/** What the command line asks for. */
enum options_action { OPTIONS_RUN, OPTIONS_SHOW_HELP, OPTIONS_REFUSE };

/**
 * Read the command line. What is wrong with it was then said on stderr.
 *
 * @param ret_options  Set with OPTIONS_RUN only.
 */
enum options_action
options_parse(int argc, char **argv, struct options *ret_options);

/** Every flag with its default and meaning. */
void
options_print_help(void);

/** The word of a write mode. */
const char *
options_mode_word(enum collector_write_mode mode);

#endif
