/* SPDX-License-Identifier: MIT */
/*
 * A sink that posts each batch to two places, and says delivered only when both
 * have confirmed it. It remembers nothing: what one place has and the other has
 * not is sent to both again, and the places skip it by its ids, as receiver.c
 * does. A place that hangs is broken off by a cancel when the time to drain is
 * over; what is not delivered stays in the file for the next run.
 *
 * usage: own_sink DRAIN_MS URL URL
 */
#include <collector/collector.h>
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct both {
    struct collector_sink *first, *second;
};

static int
deliver(void *userdata, const struct collector_batch *batch,
        struct collector_delivery *delivery)
{
    const struct both *both = userdata;
    int rc = collector_sink_deliver(both->first, batch, delivery);

    if (rc == COLLECTOR_OK && delivery->result == COLLECTOR_DELIVERED)
        rc = collector_sink_deliver(both->second, batch, delivery);
    return rc; /* all but COLLECTOR_OK is tried again */
}

/** On another thread than deliver, and again until that returns: one that comes
 *  between the two is not lost. */
static void
cancel(void *userdata)
{
    const struct both *both = userdata;

    collector_sink_cancel(both->first);
    collector_sink_cancel(both->second);
}

static void
free_both(void *userdata)
{
    const struct both *both = userdata;

    collector_sink_free(both->first);
    collector_sink_free(both->second);
}

static void
must(int rc, const char *what)
{
    if (rc != COLLECTOR_OK)
        errx(1, "%s: %s", what, collector_error_text(rc));
}

static struct collector_sink *
place_new(const char *url)
{
    struct collector_webhook_options options;
    struct collector_sink *place;

    collector_webhook_options_init(&options);
    options.url = url;
    must(collector_sink_webhook_new(&options, &place), "place");
    return place;
}

int
main(int argc, char **argv)
{
    const struct collector_event events[] = {{"pump-7", "start", NULL, 0},
                                             {"pump-7", "stop", NULL, 0}};
    const struct collector_sink_ops ops = {sizeof(ops), deliver, cancel,
                                           free_both};
    struct both both;
    struct collector_store_options options;
    struct collector_store_stats stats = {.size = sizeof(stats)};
    struct collector_store *store;
    struct collector_sink *sink;
    struct collector_uploader *uploader;
    uint32_t drain_ms;

    if (argc != 4)
        errx(1, "usage: own_sink DRAIN_MS URL URL");
    drain_ms = (uint32_t)strtoul(argv[1], NULL, 10);
    both.first = place_new(argv[2]);
    both.second = place_new(argv[3]);
    collector_store_options_init(&options);
    options.path = "own_sink.sqlite";
    must(collector_store_open(&options, &store), options.path);
    must(collector_store_append(store, events, 2, NULL, NULL), "append");
    must(collector_sink_new("both", &ops, &both, &sink), "sink");
    must(collector_uploader_new(store, sink, NULL, &uploader), "uploader");
    must(collector_uploader_start(uploader), "start");
    must(collector_uploader_stop(uploader, drain_ms), "stop");
    collector_store_stats(store, &stats);
    (void)printf("%" PRIu64 " events pending\n", stats.pending);
    collector_uploader_free(uploader);
    collector_sink_free(sink);
    collector_store_free(store);
    return 0;
}
