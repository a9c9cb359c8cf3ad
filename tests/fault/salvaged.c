/* SPDX-License-Identifier: MIT */
/* What has become of a damaged file's events. */
#include "salvaged.h"

#include "account.h"
#include "support.h"

/** Far more than it takes. */
#define MAINTAIN_MAX 100

const char *
salvaged_finish(struct collector_store *store)
{
    struct collector_store_stats stats = {.size = sizeof(stats)};
    size_t i;

    for (i = 0; i < MAINTAIN_MAX; i++) {
        const int rc = collector_store_maintain(store);

        if (rc != COLLECTOR_OK)
            return support_format("maintaining says %s",
                                  support_error_name(rc));
        collector_store_stats(store, &stats);
        if (!stats.salvaging)
            return stats.salvage_lost == 0
                       ? NULL
                       : support_format("%llu events are called lost",
                                        (unsigned long long)stats.salvage_lost);
    }
    return "it never ends";
}

/** An append that was confirmed is there, under the ids that were given. */
static const char *
check_append(const char *path, const struct claims_append *append)
{
    const int64_t count = support_sql_int(
        path,
        support_format("SELECT count(*) FROM event_log WHERE id >= %lld AND"
                       " id < %lld AND json_extract(payload_json, '$.serial')"
                       " = id + %lld",
                       (long long)append->first_id,
                       (long long)(append->first_id + (int64_t)append->count),
                       (long long)(append->serial - append->first_id)));

    return count == (int64_t)append->count
               ? NULL
               : support_format("of the events from id %lld on %lld are there",
                                (long long)append->first_id, (long long)count);
}

const char *
salvaged_fault(const char *path, const struct claims *claims, int64_t first,
               int64_t last)
{
    const char *from =
        support_format("FROM (SELECT json_extract(payload_json, '$.serial')"
                       " AS serial FROM event_log)"
                       " WHERE serial BETWEEN %lld AND %lld",
                       (long long)first, (long long)last);
    const int64_t count =
        support_sql_int(path, support_format("SELECT count(*) %s", from));
    const int64_t distinct_count = support_sql_int(
        path, support_format("SELECT count(DISTINCT serial) %s", from));
    const char *fault = NULL;
    size_t i;

    if (count != last - first + 1 || distinct_count != count)
        return support_format("%lld events are there, %lld of them different",
                              (long long)count, (long long)distinct_count);
    for (i = 0; fault == NULL && i < claims->append_count; i++) {
        if (claims->appends[i].first_id != 0)
            fault = check_append(path, &claims->appends[i]);
    }
    return fault != NULL ? fault : account_fault(path, true);
}
