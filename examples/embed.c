/* SPDX-License-Identifier: MIT */
/* Keep an event, then drain all that is kept to standard output. */
#include <collector/collector.h>

int
main(void)
{
    const struct collector_event event = {
        .device_id = "pump-7",
        .kind = "temperature",
        .payload = "{\"celsius\":21.4}",
    };
    struct collector_store_options options;
    struct collector_store *store = NULL;
    struct collector_sink *sink = NULL;
    struct collector_uploader *uploader = NULL;
    struct collector_drain drain = {.event_count = 1};

    collector_store_options_init(&options);
    options.path = "embed.sqlite";
    if (collector_store_open(&options, &store) != COLLECTOR_OK ||
        collector_store_append(store, &event, 1, NULL, NULL) != COLLECTOR_OK ||
        collector_sink_file_new("-", &sink) != COLLECTOR_OK ||
        collector_uploader_new(store, sink, NULL, &uploader) != COLLECTOR_OK)
        return 1;
    while (drain.event_count > 0)
        collector_uploader_drain(uploader, &drain);
    collector_uploader_free(uploader);
    collector_sink_free(sink);
    collector_store_free(store);
    return 0;
}
