/* SPDX-License-Identifier: MIT */
/*
 * How much is written to the disk for an event, with delivery and pruning going
 * on. Time is simulated, by the second, so that hours pass in seconds: what the
 * store writes does not depend on how long that really takes, and the file
 * system's own journal does by a few per cent.
 *
 * usage: wear DIRECTORY EVENTS APPEND_SECONDS INTERVAL_SECONDS SECONDS
 *
 * EVENTS are appended at once every APPEND_SECONDS, and what is pending is
 * delivered every INTERVAL_SECONDS. The first half of the time is not measured:
 * nothing is pruned yet, and the write-ahead log is new.
 */
#include <collector/collector.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define APPEND_COUNT_MAX 1000

/* An exit status that Meson takes for a benchmark that can't be run here. */
#define SKIPPED 77

/* Pruned after a tenth of the time, so that the measured half has both. */
#define RETAINED_PARTS 10

struct plan {
    const char *directory;
    int64_t event_count;
    int64_t append_s;
    int64_t interval_s;
    int64_t duration_s;
};

static int64_t
now_ms(void *userdata)
{
    return *(const int64_t *)userdata;
}

static int
take(void *userdata, const struct collector_batch *batch,
     struct collector_delivery *delivery)
{
    (void)userdata;
    (void)batch;
    (void)delivery; /* says delivered */
    return COLLECTOR_OK;
}

/** Bytes that the disk under a directory was told to write since boot, by
 *  anybody; all that is pending is written first. -1 when nobody knows. */
static int64_t
disk_written(const char *directory)
{
    char path[64];
    struct stat status;
    int64_t sectors = -1;
    FILE *file = NULL;
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0 && syncfs(fd) == 0 && fstat(fd, &status) == 0) {
        (void)snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/stat",
                       major(status.st_dev), minor(status.st_dev));
        file = fopen(path, "r");
    }
    if (file != NULL &&
        fscanf(file, "%*s %*s %*s %*s %*s %*s %" SCNd64, &sectors) != 1)
        sectors = -1;
    if (file != NULL)
        (void)fclose(file);
    if (fd >= 0)
        (void)close(fd);
    return sectors < 0 ? -1 : sectors * 512;
}

static int
append(struct collector_store *store, int64_t second, int64_t count)
{
    struct collector_event events[APPEND_COUNT_MAX];
    char payload[64];
    int64_t i;

    (void)snprintf(payload, sizeof(payload), "{\"celsius\":%" PRId64 ".4}",
                   second % 40);
    for (i = 0; i < count; i++)
        events[i] = (struct collector_event){
            .device_id = "pump-7", .kind = "temperature", .payload = payload};
    return collector_store_append(store, events, (size_t)count, NULL, NULL);
}

/** What is due in one second. */
static int
live(const struct plan *plan, int64_t second, struct collector_store *store,
     struct collector_uploader *uploader)
{
    struct collector_drain drain = {.event_count = 1};
    int rc = COLLECTOR_OK;

    if (second % plan->append_s == 0)
        rc = append(store, second, plan->event_count);
    while (rc == COLLECTOR_OK && second % plan->interval_s == 0 &&
           drain.event_count > 0)
        rc = collector_uploader_drain(uploader, &drain);
    return rc == COLLECTOR_OK ? collector_store_maintain(store) : rc;
}

static void
report(const struct plan *plan, int64_t written)
{
    const int64_t half = plan->duration_s / 2;
    const double seconds = (double)(plan->duration_s - half);
    const double events =
        seconds / (double)plan->append_s * (double)plan->event_count;

    (void)printf("| %" PRId64 " every %" PRId64 " s | every %" PRId64
                 " s | %.0f | %.1f |\n",
                 plan->event_count, plan->append_s, plan->interval_s,
                 (double)written / events,
                 (double)written / seconds * 365 * 86400 / 1e9);
}

static int
measure(const struct plan *plan, int64_t *now, struct collector_store *store,
        struct collector_uploader *uploader)
{
    const int64_t half = plan->duration_s / 2;
    int64_t before = -1;
    int64_t after;
    int64_t second;
    int rc = COLLECTOR_OK;

    for (second = 1; second <= plan->duration_s && rc == COLLECTOR_OK;
         second++) {
        *now += 1000;
        rc = live(plan, second, store, uploader);
        if (second == half)
            before = disk_written(plan->directory);
    }
    after = disk_written(plan->directory);
    if (rc != COLLECTOR_OK) {
        (void)fprintf(stderr, "wear: %s\n", collector_error_text(rc));
        return 1;
    }
    if (before < 0 || after < 0) {
        (void)fprintf(stderr, "wear: this disk does not say what it wrote\n");
        return SKIPPED;
    }
    report(plan, after - before);
    return 0;
}

static int
run(const struct plan *plan)
{
    static const struct collector_sink_ops ops = {.size = sizeof(ops),
                                                  .deliver = take};
    int64_t now = INT64_C(1767225600000);
    const struct collector_clock clock = {now_ms, now_ms, &now};
    struct collector_store_options options;
    struct collector_store *store = NULL;
    struct collector_sink *sink = NULL;
    struct collector_uploader *uploader = NULL;
    char path[4096];
    int status = 1;
    int rc;

    (void)snprintf(path, sizeof(path), "%s/wear.sqlite", plan->directory);
    collector_store_options_init(&options);
    options.path = path;
    options.clock = &clock;
    options.retain_ms = (uint64_t)plan->duration_s * 1000 / RETAINED_PARTS;
    rc = collector_store_open(&options, &store);
    if (rc == COLLECTOR_OK)
        rc = collector_sink_new("wear", &ops, NULL, &sink);
    if (rc == COLLECTOR_OK)
        rc = collector_uploader_new(store, sink, NULL, &uploader);
    if (rc == COLLECTOR_OK)
        status = measure(plan, &now, store, uploader);
    else
        (void)fprintf(stderr, "wear: %s: %s\n", path, collector_error_text(rc));
    collector_uploader_free(uploader);
    collector_sink_free(sink);
    collector_store_free(store);
    return status;
}

int
main(int argc, char **argv)
{
    struct plan plan;

    if (argc != 6) {
        (void)fprintf(stderr, "usage: wear DIRECTORY EVENTS APPEND_SECONDS "
                              "INTERVAL_SECONDS SECONDS\n");
        return 2;
    }
    plan = (struct plan){argv[1], atoll(argv[2]), atoll(argv[3]),
                         atoll(argv[4]), atoll(argv[5])};
    if (plan.event_count < 1 || plan.event_count > APPEND_COUNT_MAX ||
        plan.append_s < 1 || plan.interval_s < 1 || plan.duration_s < 100) {
        (void)fprintf(stderr, "wear: a number is out of range\n");
        return 2;
    }
    return run(&plan);
}
