// SPDX-License-Identifier: MIT
// A program in C++ keeps an event, has a sink of its own deliver it, and finds
// it in the statistics.
#include <collector/collector.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <unistd.h>

namespace
{

struct Sink {
    std::string lines;
};

extern "C" int
deliver(void *userdata, const collector_batch *batch,
        collector_delivery *delivery)
{
    Sink *sink = static_cast<Sink *>(userdata);
    const char *text = NULL;
    const int rc =
        collector_batch_json(batch, COLLECTOR_BATCH_LINES, &text, NULL);

    if (rc == COLLECTOR_OK)
        sink->lines += text;
    delivery->result = COLLECTOR_DELIVERED;
    return rc;
}

void
check(bool holds, const char *what)
{
    if (holds)
        return;
    (void)std::fprintf(stderr, "not so: %s\n", what);
    std::exit(EXIT_FAILURE);
}

#define CHECK(condition) check((condition), #condition)

void
keep_one(collector_store *store)
{
    collector_event event = collector_event();

    event.device_id = "pump-7";
    event.kind = "temperature";
    event.payload = "21.40";
    event.ts = 1;
    CHECK(collector_store_append(store, &event, 1, NULL, NULL) == COLLECTOR_OK);
}

void
drain_one(collector_store *store)
{
    Sink target;
    collector_sink_ops ops = collector_sink_ops();
    collector_sink *sink = NULL;
    collector_uploader *uploader = NULL;
    collector_drain drain = collector_drain();

    ops.size = sizeof(ops);
    ops.deliver = deliver;
    CHECK(collector_sink_new("lines", &ops, &target, &sink) == COLLECTOR_OK);
    CHECK(collector_uploader_new(store, sink, NULL, &uploader) == COLLECTOR_OK);
    CHECK(collector_uploader_drain(uploader, &drain) == COLLECTOR_OK);
    CHECK(drain.event_count == 1);
    CHECK(target.lines == "{\"id\":1,\"device_id\":\"pump-7\",\"kind\":"
                          "\"temperature\",\"payload\":21.40,\"ts\":1}\n");
    collector_uploader_free(uploader);
    collector_sink_free(sink);
}

} // namespace

int
main()
{
    static const char *const left[] = {"", ".lock"};
    char directory[] = "/tmp/collector-XXXXXX";
    collector_store_options options;
    struct collector_store_stats stats; // there is a function of that name
    collector_store *store = NULL;

    CHECK(collector_version_number() == COLLECTOR_VERSION_NUMBER);
    CHECK(mkdtemp(directory) != NULL);
    const std::string path = std::string(directory) + "/events.sqlite";
    collector_store_options_init(&options);
    options.path = path.c_str();
    CHECK(collector_store_open(&options, &store) == COLLECTOR_OK);
    keep_one(store);
    drain_one(store);
    std::memset(&stats, 0, sizeof(stats));
    stats.size = sizeof(stats);
    collector_store_stats(store, &stats);
    CHECK(stats.accepted == 1 && stats.delivered == 1);
    collector_store_free(store);
    for (unsigned i = 0; i < sizeof(left) / sizeof(left[0]); i++)
        CHECK(std::remove((path + left[i]).c_str()) == 0);
    CHECK(rmdir(directory) == 0);
    return EXIT_SUCCESS;
}
