/* SPDX-License-Identifier: MIT */
/*
 * A sink that brings each batch to two places, and says delivered only when
 * both have confirmed it. It remembers nothing: what one place has and the
 * other has not is sent to both again, and the places skip it by its ids. One
 * of them hangs at first: a cancel breaks that off.
 */
#include <collector/collector.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PLACES = 2, ANSWER_MS = 20000, TEXT_SIZE = 256 * 1024 };

struct own_sink {
    int cancelled; /* an eventfd: readable after a cancel */
    int places[PLACES];
};

/** Wait for a place. @return COLLECTOR_OK, ERR_BUSY (it says nothing),
 *  ERR_CANCELLED. */
static int
wait_for(const struct own_sink *sink, int place, short events)
{
    struct pollfd waited[] = {{.fd = sink->cancelled, .events = POLLIN},
                              {.fd = place, .events = events}};
    const int count = poll(waited, 2, ANSWER_MS);

    if (count > 0 && waited[0].revents != 0)
        return COLLECTOR_ERR_CANCELLED;
    return count > 0 ? COLLECTOR_OK : COLLECTOR_ERR_BUSY;
}

/** Send a batch to a place, in one packet, and wait until it has its last id;
 *  answers to what was broken off may come in before. */
static int
bring(const struct own_sink *sink, int place, const char *text, size_t size,
      int64_t last_id)
{
    int64_t answer = 0;
    int rc = wait_for(sink, place, POLLOUT);

    if (rc == COLLECTOR_OK &&
        send(place, text, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        rc = errno == EMSGSIZE ? COLLECTOR_ERR_TOO_BIG : COLLECTOR_ERR_IO;
    while (rc == COLLECTOR_OK && answer < last_id) {
        rc = wait_for(sink, place, POLLIN);
        if (rc == COLLECTOR_OK && recv(place, &answer, sizeof(answer),
                                       MSG_DONTWAIT) != sizeof(answer))
            rc = COLLECTOR_ERR_IO;
    }
    return rc;
}

static int
deliver(void *userdata, const struct collector_batch *batch,
        struct collector_delivery *delivery)
{
    const struct own_sink *sink = userdata;
    eventfd_t earlier;
    const char *text;
    size_t size;
    int rc;
    int i;

    /* Forget a cancel of an earlier deliver; one of this one is repeated. */
    (void)eventfd_read(sink->cancelled, &earlier);
    rc = collector_batch_json(batch, COLLECTOR_BATCH_LINES, &text, &size);
    if (rc == COLLECTOR_OK && size >= TEXT_SIZE)
        rc = COLLECTOR_ERR_TOO_BIG;
    for (i = 0; i < PLACES && rc == COLLECTOR_OK; i++)
        rc = bring(sink, sink->places[i], text, size,
                   collector_batch_last_id(batch));
    if (rc != COLLECTOR_ERR_TOO_BIG)
        return rc; /* all but COLLECTOR_OK is tried again */
    delivery->result = COLLECTOR_REJECTED;
    delivery->status = 413; /* has the uploader try smaller batches */
    (void)snprintf(delivery->error, sizeof(delivery->error), "too large");
    return COLLECTOR_OK;
}

static void
cancel(void *userdata)
{
    (void)eventfd_write(((struct own_sink *)userdata)->cancelled, 1);
}

/** One of the two: it keeps its last id, and here nothing else. */
struct place {
    int fd;
    int64_t last_id, skipped;
    pthread_t thread;
    char text[TEXT_SIZE];
};

static void *
serve(void *userdata)
{
    struct place *place = userdata;
    ssize_t size;
    int64_t id;
    char *line;

    while ((size = recv(place->fd, place->text, TEXT_SIZE - 1, 0)) > 0) {
        place->text[size] = '\0';
        for (line = place->text; *line != '\0';
             line = strchr(line, '\n') + 1) { /* each line has its end */
            id = strtoll(line + strlen("{\"id\":"), NULL, 10);
            if (id > place->last_id)
                place->last_id = id; /* a real one stores the event as well */
            else
                place->skipped++;
        }
        (void)send(place->fd, &place->last_id, sizeof(place->last_id),
                   MSG_NOSIGNAL); /* if it is lost, the batch comes again */
    }
    return NULL;
}

/** Drain for so long at most, and say what is left. */
static int
drain(struct collector_uploader *uploader, struct collector_store *store,
      uint32_t drain_ms)
{
    struct collector_store_stats stats = {.size = sizeof(stats)};
    int rc = collector_uploader_start(uploader);

    if (rc == COLLECTOR_OK)
        rc = collector_uploader_stop(uploader, drain_ms);
    collector_store_stats(store, &stats);
    (void)printf("%" PRIu64 " events pending\n", stats.pending);
    return rc;
}

static int
run(struct own_sink *own, struct place *places)
{
    static const struct collector_sink_ops ops = {sizeof(ops), deliver, cancel,
                                                  NULL};
    const struct collector_event events[] = {{"pump-7", "start", NULL, 0},
                                             {"pump-7", "stop", NULL, 0}};
    struct collector_store_options options;
    struct collector_store *store = NULL;
    struct collector_sink *sink = NULL;
    struct collector_uploader *uploader = NULL;
    int rc;

    collector_store_options_init(&options);
    options.path = "own_sink.sqlite";
    rc = collector_store_open(&options, &store);
    if (rc == COLLECTOR_OK)
        rc = collector_store_append(store, events, 2, NULL, NULL);
    if (rc == COLLECTOR_OK)
        rc = collector_sink_new("both", &ops, own, &sink);
    if (rc == COLLECTOR_OK)
        rc = collector_uploader_new(store, sink, NULL, &uploader);
    if (rc == COLLECTOR_OK)
        rc = drain(uploader, store, 1000); /* nobody serves the second place */
    if (rc == COLLECTOR_OK &&
        pthread_create(&places[1].thread, NULL, serve, &places[1]) != 0)
        rc = COLLECTOR_ERR_NOMEM;
    if (rc == COLLECTOR_OK)
        rc = drain(uploader, store, ANSWER_MS);
    collector_uploader_free(uploader);
    collector_sink_free(sink);
    collector_store_free(store);
    return rc;
}

int
main(void)
{
    static struct place places[PLACES]; /* large for a stack */
    struct own_sink own = {.cancelled = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    int pair[2];
    int rc;
    int i;

    for (i = 0; i < PLACES && own.cancelled >= 0; i++) {
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
            break;
        own.places[i] = pair[0];
        places[i].fd = pair[1];
    }
    if (i < PLACES ||
        pthread_create(&places[0].thread, NULL, serve, &places[0]) != 0) {
        perror("own_sink");
        return 1;
    }
    rc = run(&own, places);
    if (rc != COLLECTOR_OK) {
        (void)fprintf(stderr, "own_sink: %s\n", collector_error_text(rc));
        return 1;
    }
    for (i = 0; i < PLACES; i++) {
        (void)close(own.places[i]); /* which ends the place's thread */
        (void)pthread_join(places[i].thread, NULL);
        (void)close(places[i].fd);
        (void)printf("place %d has events up to %" PRId64
                     ", and skipped %" PRId64 "\n",
                     i + 1, places[i].last_id, places[i].skipped);
    }
    (void)close(own.cancelled);
    return 0;
}
