/* SPDX-License-Identifier: MIT */
/* The tree of /stats as a row. */
#include "stats_row.h"

#include <jansson.h>
#include <stdbool.h>

/* Where a column comes from. */
struct origin {
    const char *column;
    const char *object;
    const char *member;
    /* 0 says that there is none. */
    bool is_null_at_0;
};

static const struct origin origins[] = {
    {"accepted", "ledger", "accepted", false},
    {"delivered", "ledger", "delivered", false},
    {"dead", "ledger", "dead", false},
    {"dropped", "ledger", "dropped", false},
    {"pending", "ledger", "pending", false},
    {"collector_id", "store", "collector_id", false},
    {"last_success_at", "uploader", "last_success_at", true},
    {"failing_since", "uploader", "failing_since", true},
    {"last_error", "uploader", "last_error", false},
    {"dead_letters", "store", "dead_letters", false},
    {"devices", "store", "devices_seen", false},
    {"file_size", "store", "file_size", false},
    {"sink", "uploader", "sink", false},
    {"failures_in_a_row", "uploader", "failures_in_a_row", false},
    {"retry_in_ms", "uploader", "retry_in_ms", true},
    {"backlog_max", "store", "backlog_max", true},
    {"size_max", "store", "size_max", true},
    {"full_in_ms", "store", "full_in_ms", true},
};

#define ORIGIN_COUNT (sizeof(origins) / sizeof(origins[0]))

static struct collector_value
value_of(const struct origin *origin, const json_t *json)
{
    const int64_t integer = json_integer_value(json); /* 0 of a text */

    if (json_is_string(json))
        return (struct collector_value){.type = COLLECTOR_VALUE_TEXT,
                                        .text = json_string_value(json),
                                        .size = json_string_length(json)};
    if (!json_is_integer(json) || (origin->is_null_at_0 && integer == 0))
        return (struct collector_value){.type = COLLECTOR_VALUE_NULL};
    return (struct collector_value){.type = COLLECTOR_VALUE_INTEGER,
                                    .integer = integer};
}

int
stats_row_show(const char *text, size_t size, collector_row_fn show,
               void *userdata)
{
    struct collector_value values[ORIGIN_COUNT];
    const char *names[ORIGIN_COUNT];
    const struct collector_row row = {ORIGIN_COUNT, names, values};
    json_t *json = json_loadb(text, size, 0, NULL);
    size_t i;
    int rc = -1;

    for (i = 0; i < ORIGIN_COUNT; i++) {
        const json_t *object = json_object_get(json, origins[i].object);

        names[i] = origins[i].column;
        values[i] =
            value_of(&origins[i], json_object_get(object, origins[i].member));
    }
    /* Without a ledger it is something else. */
    if (values[0].type == COLLECTOR_VALUE_INTEGER) {
        (void)show(userdata, &row); /* it is the only one */
        rc = 0;
    }
    json_decref(json);
    return rc;
}
