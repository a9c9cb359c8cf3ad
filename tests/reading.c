/* SPDX-License-Identifier: MIT */
/* Rows as text, one after the other. */
#include "reading.h"

#include "reader.h"

static const char *
hex_of(const struct collector_value *value)
{
    const char *text = "";
    size_t i;

    for (i = 0; i < value->size; i++)
        text = support_format("%s%02x", text, (unsigned char)value->text[i]);
    return support_format("x'%s'", text);
}

static const char *
text_of(const struct collector_value *value)
{
    switch (value->type) {
    case COLLECTOR_VALUE_NULL:
        return "NULL";
    case COLLECTOR_VALUE_INTEGER:
        return support_format("%lld", (long long)value->integer);
    case COLLECTOR_VALUE_REAL:
        return support_format("%g", value->real);
    case COLLECTOR_VALUE_TEXT:
        ck_assert_int_eq(value->text[value->size], '\0');
        return value->text;
    case COLLECTOR_VALUE_JSON:
        ck_assert_int_eq(value->text[value->size], '\0');
        return support_format("json:%s", value->text);
    case COLLECTOR_VALUE_BLOB:
        return hex_of(value);
    }
    ck_abort_msg("a value of type %d", (int)value->type);
    return NULL;
}

int
reading_add(void *userdata, const struct collector_row *row)
{
    struct reading *reading = userdata;
    const char *names = "";
    const char *text = "";
    size_t i;

    for (i = 0; i < row->column_count; i++) {
        names =
            support_format("%s%s%s", names, i > 0 ? "|" : "", row->names[i]);
        text = support_format("%s%s%s", text, i > 0 ? "|" : "",
                              text_of(&row->values[i]));
    }
    reading->names = names;
    reading->text = support_format("%s%s\n", reading->text, text);
    return 0;
}

struct collector_reader_options
reading_options(const char *path)
{
    struct collector_reader_options options;

    collector_reader_options_init(&options);
    options.path = path;
    options.deadline_ms = SUPPORT_WAIT_MS; /* this machine may be slow */
    options.log = support_log;
    options.log_userdata = support_log_new();
    return options;
}

struct collector_reader *
reading_open(const char *path)
{
    const struct collector_reader_options options = reading_options(path);
    struct collector_reader *reader = NULL;

    ck_assert_ok(collector_reader_open(&options, &reader));
    return reader;
}

void
reading_set_deadline(struct collector_reader *reader, uint32_t deadline_ms)
{
    reader->deadline_ms = deadline_ms;
}

struct reading
reading_query(struct collector_reader *reader, const char *sql)
{
    return reading_of(query, reader, sql, NULL, 0);
}

const char *
reading_text(const char *path, const char *sql)
{
    struct collector_reader *reader = reading_open(path);
    const struct reading reading = reading_query(reader, sql);

    ck_assert_ok(reading.rc);
    collector_reader_free(reader);
    return reading.text;
}

const char *
reading_event_count(struct collector_reader *reader)
{
    const struct reading reading =
        reading_query(reader, "SELECT count(*) FROM event_log");

    return reading.rc == COLLECTOR_OK ? reading.text
                                      : support_error_name(reading.rc);
}

int
reading_page_count(struct collector_reader *reader)
{
    int now = 0;
    int highest = 0;

    ck_assert_int_eq(sqlite3_db_status(reader->db, SQLITE_DBSTATUS_CACHE_MISS,
                                       &now, &highest, 1),
                     SQLITE_OK);
    return now;
}
