/* SPDX-License-Identifier: MIT */
/* Files of which no line is ever shown, nor left behind in memory. */
#include "secret_file.h"

#include "option.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHITE " \t\r\n"

struct secret_file {
    const char *option;
    const char *path;
    unsigned line_count_max;
    secret_file_line_fn take;
    void *userdata;
    char line[SECRET_FILE_LINE_SIZE];
};

/* Whether the line is one, from its beginning to its end: not a part of a
 * longer one, nor cut by a NUL. */
static bool
is_whole(const struct secret_file *file, FILE *stream)
{
    const size_t size = strlen(file->line);

    return size > 0 && (file->line[size - 1] == '\n' || feof(stream));
}

/* What is wrong with the line, in words; NULL for nothing. */
static const char *
take_line(struct secret_file *file, FILE *stream, unsigned number)
{
    char *line = file->line + strspn(file->line, WHITE);
    size_t size = strlen(line);

    if (!is_whole(file, stream))
        return "expected a shorter line of text";
    if (number > file->line_count_max)
        return "expected fewer lines";
    while (size > 0 && strchr(WHITE, line[size - 1]) != NULL)
        line[--size] = '\0';
    if (size == 0 || *line == '#')
        return NULL;
    return file->take(file->userdata, line, number);
}

static int
say_unreadable(const struct secret_file *file, struct problem *ret_problem)
{
    const char *reason = strerror(errno);
    char quoted[OPTION_QUOTED_SIZE];

    option_quote(file->path, quoted, sizeof(quoted));
    return problem_say(ret_problem, "%s %s: expected a readable file (%s)",
                       file->option, quoted, reason);
}

static int
read_lines(struct secret_file *file, FILE *stream, struct problem *ret_problem)
{
    const char *problem;
    unsigned number = 0;

    while (fgets(file->line, sizeof(file->line), stream) != NULL) {
        number++;
        problem = take_line(file, stream, number);
        if (problem != NULL)
            return problem_say(ret_problem, "%.200s:%u: %s", file->path, number,
                               problem);
    }
    return ferror(stream) ? say_unreadable(file, ret_problem) : 0;
}

int
secret_file_read(const char *option, const char *path, unsigned line_count_max,
                 secret_file_line_fn take, void *userdata,
                 struct problem *ret_problem)
{
    struct secret_file *file = calloc(1, sizeof(*file));
    FILE *stream;
    int rc;

    if (file == NULL)
        return problem_say(ret_problem, "out of memory");
    file->option = option;
    file->path = path;
    file->line_count_max = line_count_max;
    file->take = take;
    file->userdata = userdata;
    stream = fopen(path, "re");
    if (stream != NULL) {
        (void)setvbuf(stream, NULL, _IONBF, 0); /* no copy of it in the heap */
        rc = read_lines(file, stream, ret_problem);
        (void)fclose(stream); /* nothing was written */
    } else {
        rc = say_unreadable(file, ret_problem);
    }
    explicit_bzero(file, sizeof(*file));
    free(file);
    return rc;
}
