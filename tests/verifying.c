/* SPDX-License-Identifier: MIT */
/* What verifying a file finds. */
#include "verifying.h"

#include "reading.h"

void
verifying_prepare(struct harness *harness)
{
    static const int64_t replayed = 4;
    static const int64_t purged = 5;
    static const struct collector_event events[] = {
        {.device_id = "a", .kind = "k"}, {.device_id = "b", .kind = "k"}};

    harness_prepare(harness, COLLECTOR_MODE_GROUP);
    harness->options.backlog_max = 3;
    harness->options.overflow = COLLECTOR_OVERFLOW_DROP_OLDEST;
    harness_open(harness);
    ck_assert_ok(
        collector_store_append(harness->store, events, 2, "a key", NULL));
    ck_assert_uint_eq(harness_deliver(harness, 1), 1);
    ck_assert_uint_eq(harness_deliver(harness, 1), 1);
    harness_append(harness, 3);
    harness_bury(harness, 3);
    harness_append(harness, 2);
    ck_assert_ok(
        collector_dead_letters_replay(harness->store, &replayed, 1, NULL));
    harness_append(harness, 1);
    ck_assert_ok(
        collector_dead_letters_purge(harness->store, &purged, 1, NULL));
    harness_close(harness);
    ck_assert_str_eq(support_text_or_nothing(harness_text(
                         harness, "SELECT group_concat(id) FROM event_log")),
                     "1,2,3,4,7,8,9");
}

const char *
verifying_failures(const char *path, bool whole, const char **ret_text)
{
    struct collector_reader_options options = reading_options(path);
    struct collector_reader *reader = NULL;
    struct reading reading;
    const char *names = "";
    const char *line;

    support_log_expect_errors(options.log_userdata);
    ck_assert_ok(collector_reader_open(&options, &reader));
    reading = reading_of(verify, reader, whole);
    collector_reader_free(reader);
    ck_assert_ok(reading.rc);
    ck_assert_str_eq(reading.names, "check|ok|detail");
    for (line = reading.text; *line != '\0'; line = strchr(line, '\n') + 1) {
        const char *bar = strchr(line, '|');

        if (strncmp(bar, "|0|", 3) == 0)
            names = support_format("%s%.*s ", names, (int)(bar - line), line);
        else
            ck_assert_int_eq(strncmp(bar, "|1|NULL\n", 8), 0);
    }
    *ret_text = reading.text;
    return names;
}
