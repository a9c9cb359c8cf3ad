/* SPDX-License-Identifier: MIT */
/* Ask the file of a store a question in SQL, whether the store is open or not.
 *
 * usage: ask FILE SQL */
#include <collector/collector.h>
#include <inttypes.h>
#include <stdio.h>

static void
print_value(const struct collector_value *value)
{
    switch (value->type) {
    case COLLECTOR_VALUE_INTEGER:
        (void)printf("%" PRId64, value->integer);
        break;
    case COLLECTOR_VALUE_REAL:
        (void)printf("%g", value->real);
        break;
    case COLLECTOR_VALUE_TEXT:
    case COLLECTOR_VALUE_JSON:
        (void)fwrite(value->text, 1, value->size, stdout);
        break;
    case COLLECTOR_VALUE_BLOB:
        (void)printf("%zu bytes", value->size);
        break;
    case COLLECTOR_VALUE_NULL:
        break;
    }
}

static int
print_row(void *userdata, const struct collector_row *row)
{
    size_t i;

    (void)userdata;
    for (i = 0; i < row->column_count; i++) {
        print_value(&row->values[i]);
        (void)putchar(i + 1 < row->column_count ? '\t' : '\n');
    }
    return 0;
}

static void
print_log(void *userdata, enum collector_log_level level, const char *line)
{
    (void)userdata;
    (void)level;
    (void)fprintf(stderr, "%s\n", line);
}

int
main(int argc, char **argv)
{
    struct collector_answer answer = {.size = sizeof(answer)};
    struct collector_reader_options options;
    struct collector_reader *reader = NULL;
    int rc;

    if (argc != 3) {
        (void)fprintf(stderr, "usage: ask FILE SQL\n");
        return 2;
    }
    collector_reader_options_init(&options);
    options.path = argv[1];
    options.log = print_log;
    rc = collector_reader_open(&options, &reader);
    if (rc == COLLECTOR_OK)
        rc = collector_reader_query(reader, argv[2], NULL, 0, print_row, NULL,
                                    &answer);
    if (rc != COLLECTOR_OK)
        (void)fprintf(stderr, "%s: %s\n", collector_error_text(rc),
                      answer.problem);
    else if (answer.more)
        (void)fprintf(stderr, "there are more than %" PRIu64 " rows\n",
                      answer.row_count);
    collector_reader_free(reader);
    return rc == COLLECTOR_OK ? 0 : 1;
}
