/* SPDX-License-Identifier: MIT */
#include "loadgen_run.h"

#include "support.h"

#include <jansson.h>

/** What was parsed last. */
static json_t *report;

struct loadgen_run
loadgen_end(struct daemon *process)
{
    struct loadgen_run run = {.status = process_end(process)};

    run.out = daemon_stdout(process);
    run.err = daemon_stderr(process);
    daemon_free(process);
    return run;
}

void
loadgen_parse(const struct loadgen_run *run)
{
    loadgen_parse_as(run, "target");
}

void
loadgen_parse_as(const struct loadgen_run *run, const char *measurement)
{
    json_decref(report);
    report = json_loads(run->out, 0, NULL);
    ck_assert_msg(report != NULL, "status %d, no JSON: %s%s", run->status,
                  run->out, run->err);
    ck_assert_str_eq(json_string_value(json_object_get(report, "measurement")),
                     measurement);
}

unsigned
loadgen_cell_count(void)
{
    return (unsigned)json_array_size(json_object_get(report, "cells"));
}

static const json_t *
find(unsigned cell, const char *path)
{
    const json_t *json = json_array_get(json_object_get(report, "cells"), cell);
    const char *end;

    for (;; path = end + 1) {
        end = strchrnul(path, '.');
        json = json_object_get(json,
                               support_format("%.*s", (int)(end - path), path));
        if (*end == '\0')
            return json;
    }
}

double
loadgen_number(unsigned cell, const char *path)
{
    const json_t *number = find(cell, path);

    ck_assert_msg(json_is_number(number), "%s is no number", path);
    return json_number_value(number);
}

bool
loadgen_is_null(unsigned cell, const char *path)
{
    return json_is_null(find(cell, path));
}

const char *
loadgen_text(unsigned cell, const char *path)
{
    const json_t *text = find(cell, path);

    ck_assert_msg(json_is_string(text), "%s is no text", path);
    return support_format("%s", json_string_value(text));
}

bool
loadgen_bool(unsigned cell, const char *path)
{
    const json_t *truth = find(cell, path);

    ck_assert_msg(json_is_boolean(truth), "%s is no boolean", path);
    return json_is_true(truth);
}

bool
loadgen_is_proved(const struct loadgen_run *run)
{
    ck_assert(json_is_boolean(find(0, "proved")));
    return run->status == 0 && run->err[0] == '\0' &&
           json_is_true(find(0, "proved")) &&
           json_array_size(find(0, "problems")) == 0;
}
