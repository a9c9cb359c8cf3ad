/* SPDX-License-Identifier: MIT */
/*
 * A question in SQL of any content to a store with something in every table:
 * it is answered within the caps, or refused with a code of its list and in one
 * line; the file stays as it is, nothing is made beside it, and the reader
 * answers the next one.
 */
#include "base.h"
#include "folder.h"
#include "fuzz.h"

#include <collector/collector.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ROWS_MAX 20
#define BYTES_MAX 4096

/** Short, since an input that makes use of it is slow. */
#define DEADLINE_MS 100

static struct collector_reader *reader;
static struct stat status_before;
static size_t name_count_before;

/** What the rows of an answer are held to. */
struct account {
    uint64_t row_count;
    size_t size;
};

static size_t
count_names(void)
{
    DIR *entries = opendir(folder_path("."));
    size_t count = 0;

    if (entries == NULL)
        fuzz_fail("there is a directory", __FILE__, __LINE__);
    while (readdir(entries) != NULL)
        count++;
    (void)closedir(entries); /* nothing was written */
    return count;
}

/** Lay the store down and open a reader, in the process that asks. */
static void
open_reader(void)
{
    struct collector_reader_options options;

    base_write(base_copy(false));
    collector_reader_options_init(&options);
    options.path = folder_path(BASE_NAME);
    options.rows_max = ROWS_MAX;
    options.bytes_max = BYTES_MAX;
    options.deadline_ms = DEADLINE_MS;
    fuzz_check(collector_reader_open(&options, &reader) == COLLECTOR_OK);
    fuzz_check(stat(folder_path(BASE_NAME), &status_before) == 0);
    name_count_before = count_names();
}

static int
count_row(void *userdata, const struct collector_row *row)
{
    struct account *account = userdata;
    size_t i;

    account->row_count++;
    for (i = 0; i < row->column_count; i++) {
        const struct collector_value *value = &row->values[i];

        fuzz_check(row->names[i] != NULL);
        fuzz_check(value->type <= COLLECTOR_VALUE_BLOB);
        fuzz_check((value->text != NULL) ==
                   (value->type == COLLECTOR_VALUE_TEXT ||
                    value->type == COLLECTOR_VALUE_BLOB));
        if (value->text != NULL)
            fuzz_check(value->text[value->size] == '\0');
        account->size += 8 + value->size;
    }
    return 0;
}

static void
check_code(int rc, const struct collector_answer *answer)
{
    switch (rc) {
    case COLLECTOR_ERR_INVALID:
    case COLLECTOR_ERR_TOO_BIG:
        fuzz_check(fuzz_is_line(answer->problem));
        break;
    case COLLECTOR_OK:
    case COLLECTOR_ERR_TIMEOUT:
    case COLLECTOR_ERR_NOMEM: /* SQLite's word for a program that is too long */
        fuzz_check(answer->problem[0] == '\0');
        break;
    default:
        fuzz_fail("the code is listed", __FILE__, __LINE__);
    }
}

static void
check_file(void)
{
    struct stat status;

    fuzz_check(stat(folder_path(BASE_NAME), &status) == 0);
    fuzz_check(status.st_size == status_before.st_size);
    fuzz_check(status.st_ino == status_before.st_ino);
    fuzz_check(memcmp(&status.st_mtim, &status_before.st_mtim,
                      sizeof(status.st_mtim)) == 0);
    fuzz_check(stat(folder_path(BASE_LOG_NAME), &status) == 0);
    fuzz_check(status.st_size == 0);
    fuzz_check(count_names() == name_count_before);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct collector_answer answer = {.size = sizeof(answer)};
    struct account account = {0, 0};
    char *sql = fuzz_text(data, size);
    int rc;

    if (reader == NULL)
        open_reader();
    rc = collector_reader_query(reader, sql, NULL, 0, count_row, &account,
                                &answer);
    check_code(rc, &answer);
    fuzz_check(account.row_count == answer.row_count);
    fuzz_check(account.row_count <= ROWS_MAX && account.size <= BYTES_MAX);
    fuzz_check(rc == COLLECTOR_OK || account.row_count == 0);
    check_file();
    fuzz_check(collector_reader_query(reader, "SELECT 1", NULL, 0, NULL, NULL,
                                      NULL) == COLLECTOR_OK);
    free(sql);
    return 0;
}
