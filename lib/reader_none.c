/* SPDX-License-Identifier: MIT */
/* A build without readers: it says so. */
#include <collector/error.h>
#include <collector/reader.h>

int
collector_reader_open(const struct collector_reader_options *options,
                      struct collector_reader **ret_reader)
{
    (void)options;
    (void)ret_reader;
    return COLLECTOR_ERR_UNSUPPORTED;
}

/* Nobody has a reader that they could be asked with. */

int
collector_reader_set_rows_max(struct collector_reader *reader,
                              uint32_t rows_max)
{
    (void)reader;
    (void)rows_max;
    return COLLECTOR_ERR_UNSUPPORTED;
}

int
collector_reader_query(struct collector_reader *reader, const char *sql,
                       const struct collector_value *parameters,
                       size_t parameter_count, collector_row_fn show,
                       void *userdata, struct collector_answer *ret_answer)
{
    (void)reader;
    (void)sql;
    (void)parameters;
    (void)parameter_count;
    (void)show;
    (void)userdata;
    (void)ret_answer;
    return COLLECTOR_ERR_UNSUPPORTED;
}

int
collector_reader_events(struct collector_reader *reader,
                        const struct collector_event_filter *filter,
                        collector_row_fn show, void *userdata,
                        struct collector_answer *ret_answer)
{
    (void)reader;
    (void)filter;
    (void)show;
    (void)userdata;
    (void)ret_answer;
    return COLLECTOR_ERR_UNSUPPORTED;
}

int
collector_reader_event(struct collector_reader *reader, int64_t id,
                       collector_row_fn show, void *userdata,
                       struct collector_answer *ret_answer)
{
    (void)reader;
    (void)id;
    (void)show;
    (void)userdata;
    (void)ret_answer;
    return COLLECTOR_ERR_UNSUPPORTED;
}

int
collector_reader_devices(struct collector_reader *reader, int64_t after_id,
                         int64_t seen_before, collector_row_fn show,
                         void *userdata, struct collector_answer *ret_answer)
{
    (void)reader;
    (void)after_id;
    (void)seen_before;
    (void)show;
    (void)userdata;
    (void)ret_answer;
    return COLLECTOR_ERR_UNSUPPORTED;
}

int
collector_reader_runs(struct collector_reader *reader, int64_t before_id,
                      const char *status, collector_row_fn show, void *userdata,
                      struct collector_answer *ret_answer)
{
    (void)reader;
    (void)before_id;
    (void)status;
    (void)show;
    (void)userdata;
    (void)ret_answer;
    return COLLECTOR_ERR_UNSUPPORTED;
}

int
collector_reader_dead_letters(struct collector_reader *reader, int64_t after_id,
                              collector_row_fn show, void *userdata,
                              struct collector_answer *ret_answer)
{
    (void)reader;
    (void)after_id;
    (void)show;
    (void)userdata;
    (void)ret_answer;
    return COLLECTOR_ERR_UNSUPPORTED;
}

int
collector_reader_ledger(struct collector_reader *reader, collector_row_fn show,
                        void *userdata, struct collector_answer *ret_answer)
{
    (void)reader;
    (void)show;
    (void)userdata;
    (void)ret_answer;
    return COLLECTOR_ERR_UNSUPPORTED;
}

int
collector_reader_verify(struct collector_reader *reader, bool whole,
                        collector_row_fn show, void *userdata,
                        struct collector_answer *ret_answer)
{
    (void)whole;
    return collector_reader_ledger(reader, show, userdata, ret_answer);
}

int
collector_reader_snapshot(struct collector_reader *reader, const char *path)
{
    (void)reader;
    (void)path;
    return COLLECTOR_ERR_UNSUPPORTED;
}

void
collector_reader_interrupt(struct collector_reader *reader)
{
    (void)reader;
}

void
collector_reader_free(struct collector_reader *reader)
{
    (void)reader;
}
