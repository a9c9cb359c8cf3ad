/* SPDX-License-Identifier: MIT */
/* The load generator: one measurement a run. */
#include "measurement.h"

#include <signal.h>
#include <stdlib.h>

static int
measure(const struct options *options)
{
    switch (options->measurement) {
    case MEASURE_NONE:
        break;
    case MEASURE_TARGET:
        return measure_target(options);
    case MEASURE_FLOOR:
        return measure_floor(options);
    case MEASURE_COUNTER:
        return measure_counter(options);
    case MEASURE_BENCH:
        return measure_bench(options);
    case MEASURE_CONTENTION:
        return measure_contention(options);
    case MEASURE_DISJOINT:
        return measure_disjoint(options);
    case MEASURE_GROWTH:
        return measure_growth(options);
    case MEASURE_DRAIN:
        return measure_drain(options);
    }
    abort(); /* options_parse() lets none pass */
}

int
main(int argc, char **argv)
{
    struct options options;

    switch (options_parse(argc, argv, &options)) {
    case OPTIONS_REFUSE:
        return 2;
    case OPTIONS_SHOW_HELP:
        options_print_help();
        return 0;
    case OPTIONS_RUN:
        break;
    }
    (void)signal(SIGPIPE, SIG_IGN); /* a collector that closes is an answer */
    return measure(&options);
}
