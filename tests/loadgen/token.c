/* SPDX-License-Identifier: MIT */
/* A secret comes out of a file: the command line is for everybody to see. */
#include "token.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Longer than any that a collector takes. */
#define TOKEN_SIZE_MAX 256

static int
refuse(const char *path, const char *why)
{
    (void)fprintf(stderr, "loadgen: -token-file \"%s\": %s\n", path, why);
    return -1;
}

/** What is wrong with it; NULL for nothing. */
static const char *
problem_with(const char *token, size_t size)
{
    size_t i;

    if (size == 0 || size > TOKEN_SIZE_MAX)
        return "expected a token of 1 to 256 characters";
    for (i = 0; i < size; i++) {
        if (token[i] <= ' ' || token[i] == 0x7f)
            return "expected a token, and nothing else";
    }
    return NULL;
}

int
token_read_header(const char *path, char ret_header[TOKEN_HEADER_SIZE])
{
    char token[TOKEN_SIZE_MAX + 3]; /* with a line end */
    const char *problem;
    size_t size;
    FILE *file;

    if (path == NULL) {
        ret_header[0] = '\0';
        return 0;
    }
    file = fopen(path, "re");
    if (file == NULL)
        return refuse(path, strerror(errno));
    size = fread(token, 1, sizeof(token), file);
    (void)fclose(file); /* nothing was written */
    while (size > 0 && (token[size - 1] == '\n' || token[size - 1] == '\r'))
        size--;
    problem = problem_with(token, size);
    if (problem != NULL)
        return refuse(path, problem);
    (void)snprintf(ret_header, TOKEN_HEADER_SIZE,
                   "Authorization: Bearer %.*s\r\n", (int)size, token);
    return 0;
}
