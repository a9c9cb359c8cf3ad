/* SPDX-License-Identifier: MIT */
/*
 * Inputs of a target as unit tests, with any compiler: each file of the given
 * directories, tried in a process of its own. Its name is printed before, so
 * that the last one is to blame. An empty input is always among them.
 *
 * usage: replay_TARGET DIRECTORY ...
 */
#include "fuzz.h"

#include "support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/** More than any corpus has. */
#define INPUT_COUNT_MAX 1000

#pragma weak LLVMFuzzerInitialize

static const char *inputs[INPUT_COUNT_MAX];
static int input_count;

START_TEST(test_input)
{
    const char *path = inputs[_i];
    const int64_t size = path != NULL ? support_file_size(path) : 0;
    uint8_t *data = malloc((size_t)size);

    (void)printf("%s\n", support_text_or_nothing(path));
    (void)fflush(stdout);
    ck_assert(data != NULL || size == 0);
    if (size > 0) /* a copy of this size: a sanitizer sees one byte too many */
        memcpy(data, support_read_file(path), (size_t)size);
    ck_assert_int_eq(LLVMFuzzerTestOneInput(data, (size_t)size), 0);
    free(data);
}
END_TEST

/** Not "." and "..", nor anything else that is hidden. */
static int
is_input(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/** Note all files of a directory, in the order of their names. */
static bool
note_inputs(const char *dir)
{
    struct dirent **entries = NULL;
    const int count = scandir(dir, &entries, is_input, alphasort);
    int i;

    if (count < 0)
        perror(dir);
    for (i = 0; i < count; i++) {
        if (input_count < INPUT_COUNT_MAX)
            inputs[input_count++] = support_path(dir, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return count >= 0 && input_count < INPUT_COUNT_MAX;
}

int
main(int argc, char **argv)
{
    Suite *suite = suite_create("replay");
    TCase *tcase = tcase_create("replay");
    int i;

    input_count = 1; /* the empty one */
    for (i = 1; i < argc; i++) {
        if (!note_inputs(argv[i]))
            return EXIT_FAILURE;
    }
    if (LLVMFuzzerInitialize != NULL)
        (void)LLVMFuzzerInitialize(&argc, &argv); /* it aborts, or works */
    tcase_add_loop_test(tcase, test_input, 0, input_count);
    suite_add_tcase(suite, tcase);
    return support_run_suite(suite);
}
