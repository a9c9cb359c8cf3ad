/* SPDX-License-Identifier: MIT */
/* A collector under load over HTTP, what it did, and the proof that it lost
 * nothing; beside it, if wanted, another server under the same load. */
#include "measurement.h"

#include "clock.h"
#include "load.h"
#include "proof.h"
#include "report.h"
#include "token.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

/* Two servers are loaded in turn, so that what the machine does meanwhile meets
 * both: at least so often, and none of them longer than this. */
#define ROUND_COUNT_MIN 3
#define SLICE_MS_MAX 2000

static const struct report_column columns[] = {
    {"role", "", 0},
    {"requests_per_s", "requests/s", 0},
    {"events_per_s", "events/s", 0},
    {"p50_ms", "p50 ms", 3},
    {"p95_ms", "p95 ms", 3},
    {"p99_ms", "p99 ms", 3},
    {"max_ms", "max ms", 3},
    {"backpressure", "503s", 0},
    {"failures", "failures", 0},
    {"unknown", "unknown", 0},
    {"ratio", "ratio", 3},
};

/** All of one measurement. */
struct trial {
    const struct options *options;
    /** A header line, or nothing. */
    char authorization[TOKEN_HEADER_SIZE];
    struct producer_options target_producers;
    struct producer_options against_producers;
    struct load *target;
    /** NULL when there is none. */
    struct load *against;
    bool has_stats;
    struct stats before;
    struct stats after;
    struct proof proof;
};

static double
requests_per_s(struct load *load)
{
    return clock_rate(load_tally(load)->requests, load_elapsed_ns(load));
}

static struct producer_options
producer_options(const struct options *options, const struct address *address,
                 uint32_t run, bool receipts)
{
    struct producer_options producers = {
        .telemetry = {.run = run, .devices = options->devices},
        .batch = options->batch > 0 ? options->batch : 1,
        .receipts = receipts,
    };

    (void)snprintf(producers.host, sizeof(producers.host), "%s:%u",
                   address->host, address->port);
    return producers;
}

static int
prepare(struct trial *trial, const struct options *options)
{
    uint32_t run;

    if (token_read_header(options->token_file, trial->authorization) != 0)
        return -1;
    if (getrandom(&run, sizeof(run), 0) != (ssize_t)sizeof(run)) {
        perror("loadgen: no random number");
        return -1;
    }
    trial->options = options;
    trial->target_producers =
        producer_options(options, &options->target, run, true);
    trial->target_producers.authorization = trial->authorization;
    trial->against_producers =
        producer_options(options, &options->against, run, false);
    trial->target = load_new("target", &options->target,
                             &trial->target_producers, options->workers);
    if (trial->target == NULL)
        return -1;
    if (!options->compared)
        return 0;
    trial->against = load_new("against", &options->against,
                              &trial->against_producers, options->workers);
    return trial->against != NULL ? 0 : -1;
}

static int
run_in_turn(struct trial *trial)
{
    const uint64_t duration_ms = trial->options->duration_ms;
    uint64_t round_count = (duration_ms + SLICE_MS_MAX - 1) / SLICE_MS_MAX;
    uint64_t i;

    if (round_count < ROUND_COUNT_MIN)
        round_count = ROUND_COUNT_MIN;
    for (i = 0; i < round_count; i++) {
        /* All slices together are as long as was asked for. */
        const uint64_t slice_ms =
            duration_ms * (i + 1) / round_count - duration_ms * i / round_count;

        if (load_run(trial->against, slice_ms) != 0 ||
            load_run(trial->target, slice_ms) != 0)
            return -1;
    }
    return 0;
}

/** Load what is to be loaded. 0, or -1 after the reason was said. */
static int
run(struct trial *trial)
{
    if (trial->against != NULL)
        return run_in_turn(trial);
    return load_run(trial->target, trial->options->duration_ms);
}

/** Load between two looks at the stats. Without any it is still measured, and
 *  not proved. */
static int
run_with_stats(struct trial *trial)
{
    struct trouble_list *troubles;
    char problem[256];
    enum stats_result result =
        stats_read(&trial->options->target, trial->authorization,
                   &trial->before, problem, sizeof(problem));

    if (result == STATS_NO_SERVER) {
        (void)fprintf(stderr, "loadgen: %s\n", problem);
        return -1;
    }
    if (run(trial) != 0)
        return -1;
    if (result == STATS_READ)
        result = stats_read(&trial->options->target, trial->authorization,
                            &trial->after, problem, sizeof(problem));
    trial->has_stats = result == STATS_READ;
    troubles = &load_tally(trial->target)->troubles;
    if (!trial->has_stats)
        trouble_note(troubles, TROUBLE_STATS, "%s", problem);
    return 0;
}

/** The figures that both roles have; NULL without memory. */
static json_t *
load_json(const char *role, struct load *load, unsigned batch)
{
    const struct tally *tally = load_tally(load);
    const double requests = requests_per_s(load);

    return json_pack(
        "{s:s, s:i, s:f, s:f, s:I, s:I, s:f, s:f, s:f, s:f, s:I, s:I, s:I,"
        " s:o}",
        "role", role, "batch", (int)batch, "requests_per_s", requests,
        "events_per_s", requests * batch, "requests",
        (json_int_t)tally->requests, "accepted", (json_int_t)tally->accepted,
        "p50_ms", histogram_percentile_ms(&tally->latency, 50), "p95_ms",
        histogram_percentile_ms(&tally->latency, 95), "p99_ms",
        histogram_percentile_ms(&tally->latency, 99), "max_ms",
        histogram_percentile_ms(&tally->latency, 100), "backpressure",
        (json_int_t)tally->backpressure, "failures",
        (json_int_t)tally->failures, "unknown", (json_int_t)tally->unknown,
        "problems", trouble_json(&tally->troubles));
}

static double
events_per_commit(const struct trial *trial)
{
    const int64_t commits = trial->after.commits - trial->before.commits;

    return commits > 0
               ? (double)(trial->after.accepted - trial->before.accepted) /
                     (double)commits
               : 0;
}

/** What the collector says of itself; NULL without memory. */
static json_t *
stats_json(const struct trial *trial)
{
    if (!trial->has_stats)
        return json_object();
    return json_pack("{s:o, s:o, s:I, s:I, s:f}", "ledger_before",
                     stats_ledger_json(&trial->before), "ledger",
                     stats_ledger_json(&trial->after), "backlog",
                     (json_int_t)trial->after.backlog, "commits",
                     (json_int_t)(trial->after.commits - trial->before.commits),
                     "events_per_commit", events_per_commit(trial));
}

/** What only the target has; NULL without memory. */
static json_t *
target_json(struct trial *trial)
{
    const struct tally *tally = load_tally(trial->target);
    json_t *cell =
        load_json("target", trial->target, trial->target_producers.batch);
    json_t *stats = stats_json(trial);
    json_t *proof = json_pack(
        "{s:b, s:I, s:I}", "proved", !trouble_is_any(&tally->troubles),
        "ids_given", (json_int_t)trial->proof.ids_given, "rows_compared",
        (json_int_t)trial->proof.rows_compared);

    if (cell == NULL || stats == NULL || proof == NULL ||
        json_object_update(cell, stats) != 0 ||
        json_object_update(cell, proof) != 0) {
        json_decref(cell);
        cell = NULL;
    }
    json_decref(stats);
    json_decref(proof);
    return cell;
}

static json_t *
cells_json(struct trial *trial)
{
    json_t *target = target_json(trial);
    double against;

    if (trial->against == NULL)
        return json_pack("[o]", target);
    against = requests_per_s(trial->against);
    if (target != NULL && against > 0 &&
        json_object_set_new(
            target, "ratio",
            json_real(requests_per_s(trial->target) / against)) != 0) {
        json_decref(target);
        target = NULL;
    }
    return json_pack(
        "[o, o]", target,
        load_json("against", trial->against, trial->against_producers.batch));
}

static void
print_stats(const struct trial *trial)
{
    const struct stats *stats = &trial->after;

    (void)printf("collector: %" PRId64 " accepted, %" PRId64
                 " delivered, %" PRId64 " dead, %" PRId64 " dropped, %" PRId64
                 " pending; %" PRId64 " commits of %.1f events\n",
                 stats->accepted, stats->delivered, stats->dead, stats->dropped,
                 stats->pending, stats->commits - trial->before.commits,
                 events_per_commit(trial));
}

static void
print_proof(const struct trial *trial)
{
    (void)printf("proved: %" PRIu64 " events confirmed, %" PRIu64
                 " ids given once, the ledger of %" PRId64
                 " adds up, none dropped, %" PRIu64 " rows compared\n",
                 load_tally(trial->target)->accepted, trial->proof.ids_given,
                 trial->after.accepted, trial->proof.rows_compared);
}

/** Print everything; the exit status. */
static int
conclude(struct trial *trial)
{
    const struct trouble_list *troubles = &load_tally(trial->target)->troubles;
    int status =
        report_print(trial->options, "target", columns,
                     sizeof(columns) / sizeof(columns[0]), cells_json(trial));

    if (!trial->options->json && trial->has_stats)
        print_stats(trial);
    if (trouble_is_any(troubles))
        status = 1;
    else if (!trial->options->json)
        print_proof(trial);
    trouble_print(troubles, "target");
    if (trial->against != NULL) {
        troubles = &load_tally(trial->against)->troubles;
        trouble_print(troubles, "against");
        if (trouble_is_any(troubles))
            status = 1;
    }
    return fflush(stdout) == 0 ? status : 1;
}

int
measure_target(const struct options *options)
{
    struct trial trial = {.target = NULL};
    struct evidence evidence = {.telemetry = &trial.target_producers.telemetry,
                                .db = options->db};
    int status = 1;

    if (prepare(&trial, options) != 0 || run_with_stats(&trial) != 0)
        goto out;
    if (trial.has_stats) {
        evidence.before = &trial.before;
        evidence.after = &trial.after;
    }
    proof_make(&evidence, load_tally(trial.target), &trial.proof);
    status = conclude(&trial);
out:
    load_free(trial.target);
    load_free(trial.against);
    return status;
}
