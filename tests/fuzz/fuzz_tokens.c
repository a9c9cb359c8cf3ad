/* SPDX-License-Identifier: MIT */
/*
 * A file of tokens of any content: it is refused in one line that shows none of
 * it, and lets nobody in who was not let in before; or those may do what it
 * says, and whoever shows nothing may not.
 */
#include "folder.h"
#include "fuzz.h"

#include "access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_NAME "tokens"

/** In the file before; it is in no corpus. */
#define OLD "7f3c9a5e-old-token-1b2d"

static void
judge(struct access *access, const char *token, enum access_scope scope,
      enum access_verdict expected)
{
    char header[ACCESS_TOKEN_SIZE_MAX + 16];

    (void)snprintf(header, sizeof(header), "Bearer %s", token);
    fuzz_check(access_judge(access, header, scope) == expected);
}

static void
check_problem(const struct problem *problem)
{
    fuzz_check(memchr(problem->text, '\0', sizeof(problem->text)) != NULL);
    fuzz_check(fuzz_is_line(problem->text));
    fuzz_check(strstr(problem->text, FILE_NAME) != NULL);
}

/** What a line without spaces around its two words says, another way: only what
 *  is plain is looked at. @return Whether it was. */
static bool
check_line(struct access *access, const char *line)
{
    char scope[7];
    char token[ACCESS_TOKEN_SIZE_MAX + 1];
    int end = 0;

    if (sscanf(line, "%6[a-z] %256[A-Za-z0-9]%n", scope, token, &end) != 2 ||
        line[end] != '\0')
        return false;
    /* It may stand there again with another scope. */
    if (strcmp(scope, "ingest") == 0)
        judge(access, token, ACCESS_INGEST, ACCESS_GRANTED);
    else if (strcmp(scope, "read") == 0)
        judge(access, token, ACCESS_READ, ACCESS_GRANTED);
    else
        judge(access, token, ACCESS_ADMIN, ACCESS_GRANTED);
    return true;
}

static void
check_lines(struct access *access, const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size);
    char *rest = text;
    const char *line;

    fuzz_check(text != NULL);
    while ((line = strsep(&rest, "\n")) != NULL)
        (void)check_line(access, line);
    free(text);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    folder_make();
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char old[] = "read " OLD "\n";
    struct access *access = access_new();
    struct problem problem;
    bool changed = false;
    bool taken;

    fuzz_check(access != NULL);
    folder_write(FILE_NAME, (const uint8_t *)old, sizeof(old) - 1);
    fuzz_check(access_load(access, folder_path(FILE_NAME), true, &changed,
                           &problem) == 0);
    folder_write(FILE_NAME, data, size);
    taken = access_load(access, folder_path(FILE_NAME), true, &changed,
                        &problem) == 0;
    if (taken) {
        fuzz_check(changed);
        fuzz_check(access_token_count(access) > 0);
        fuzz_check(access_token_count(access) <= ACCESS_TOKEN_COUNT_MAX);
        judge(access, OLD, ACCESS_READ, ACCESS_INVALID);
        check_lines(access, data, size);
    } else {
        check_problem(&problem);
        judge(access, OLD, ACCESS_READ, ACCESS_GRANTED);
        judge(access, OLD, ACCESS_ADMIN, ACCESS_INSUFFICIENT);
    }
    judge(access, "", ACCESS_INGEST, ACCESS_INVALID);
    fuzz_check(access_judge(access, NULL, ACCESS_HEALTH) == ACCESS_UNKNOWN);
    access_free(access);
    return 0;
}
