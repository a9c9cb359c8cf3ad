/* SPDX-License-Identifier: MIT */
/* Keep an event in a file, and show what the file accounts for. */
#include <collector/collector.h>
#include <inttypes.h>
#include <stdio.h>

static int
keep(struct collector_store *store, const char *device_id)
{
    const struct collector_event event = {.device_id = device_id,
                                          .kind = "start"};

    return collector_store_append(store, &event, 1, NULL, NULL);
}

static void
show(struct collector_store *store)
{
    struct collector_store_stats stats = {.size = sizeof(stats)};

    collector_store_stats(store, &stats);
    printf("accepted %" PRIu64 "\n", stats.accepted);
    printf("delivered %" PRIu64 "\n", stats.delivered);
    printf("dead %" PRIu64 "\n", stats.dead);
    printf("dropped %" PRIu64 "\n", stats.dropped);
    printf("pending %" PRIu64 "\n", stats.pending);
}

int
main(int argc, char **argv)
{
    struct collector_store_options options;
    struct collector_store *store = NULL;
    int rc;

    if (argc != 3) {
        (void)fprintf(stderr, "usage: ledger FILE DEVICE_ID\n");
        return 2;
    }
    collector_store_options_init(&options);
    options.path = argv[1];
    rc = collector_store_open(&options, &store);
    if (rc == COLLECTOR_OK)
        rc = keep(store, argv[2]);
    if (rc == COLLECTOR_OK) {
        printf("libcollector %s\n", collector_version());
        show(store);
    } else {
        (void)fprintf(stderr, "ledger: %s: %s\n", argv[1],
                      collector_error_text(rc));
    }
    collector_store_free(store);
    return rc == COLLECTOR_OK ? 0 : 1;
}
