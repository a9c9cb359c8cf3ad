/* SPDX-License-Identifier: MIT */
/*
 * Tokens, compared whole and all of them, so that the time it takes tells
 * nobody how near he came.
 */
#include "access.h"

#include "secret_file.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* There may be comments. */
#define LINE_COUNT_MAX (4 * ACCESS_TOKEN_COUNT_MAX)

/* A token, padded with NULs. */
struct token {
    unsigned char bytes[ACCESS_TOKEN_SIZE_MAX];
    /* One bit a scope. */
    unsigned scopes;
};

/* All of a file. */
struct token_list {
    size_t count;
    struct token tokens[ACCESS_TOKEN_COUNT_MAX];
};

struct access {
    pthread_rwlock_t lock;
    /* NULL: everybody may do everything. */
    struct token_list *list;
    /* Who asks whether it is well needs a token. */
    bool health;
};

const char *const access_scope_words[] = {"open", "health", "ingest",
                                          "read", "admin",  NULL};

static unsigned
bit_of(enum access_scope scope)
{
    return 1U << scope;
}

/* All that somebody with this scope may do. */
static unsigned
scopes_of(enum access_scope scope)
{
    if (scope == ACCESS_ADMIN)
        return bit_of(ACCESS_ADMIN) | bit_of(ACCESS_READ) |
               bit_of(ACCESS_INGEST);
    return bit_of(scope);
}

static void
list_free(struct token_list *list)
{
    if (list == NULL)
        return;
    explicit_bzero(list, sizeof(*list));
    free(list);
}

/* The characters of RFC 6750's b64token: what a header can hold unquoted. */
static bool
is_token(const char *text, size_t size)
{
    size_t i;

    if (size < ACCESS_TOKEN_SIZE_MIN || size > ACCESS_TOKEN_SIZE_MAX)
        return false;
    for (i = 0; i < size; i++) {
        const char c = text[i];

        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
              (c >= 'a' && c <= 'z') || strchr("-._~+/=", c) != NULL))
            return false;
    }
    return true;
}

/* ACCESS_HEALTH for what is none. */
static enum access_scope
scope_of(const char *text, size_t size)
{
    int scope;

    for (scope = ACCESS_INGEST; scope <= ACCESS_ADMIN; scope++) {
        if (strlen(access_scope_words[scope]) == size &&
            memcmp(access_scope_words[scope], text, size) == 0)
            return (enum access_scope)scope;
    }
    return ACCESS_HEALTH;
}

/* What is wrong with a line, in words; NULL for nothing. */
static const char *
take_line(void *userdata, const char *line, unsigned number)
{
    struct token_list *list = userdata;
    const char *scope = line;
    const size_t scope_size = strcspn(scope, " \t\r\n");
    const char *token = scope + scope_size + strspn(scope + scope_size, " \t");
    const size_t token_size = strcspn(token, " \t\r\n");
    const char *rest = token + token_size;
    struct token *taken = &list->tokens[list->count];

    (void)number;
    if (scope_of(scope, scope_size) == ACCESS_HEALTH)
        return "expected ingest, read or admin, and a token";
    if (rest[strspn(rest, " \t\r\n")] != '\0' || !is_token(token, token_size))
        return "expected a token of 16 to 256 letters, digits and -._~+/=";
    if (list->count == ACCESS_TOKEN_COUNT_MAX)
        return "expected 64 tokens at most";
    memcpy(taken->bytes, token, token_size);
    taken->scopes = scopes_of(scope_of(scope, scope_size));
    list->count++;
    return NULL;
}

static int
read_file(struct token_list *list, const char *path,
          struct problem *ret_problem)
{
    if (secret_file_read("-auth-token-file", path, LINE_COUNT_MAX, take_line,
                         list, ret_problem) < 0)
        return -1;
    if (list->count == 0) /* rather than to let everybody in */
        return problem_say(
            ret_problem, "-auth-token-file \"%.200s\": expected a token", path);
    return 0;
}

struct access *
access_new(void)
{
    struct access *access = calloc(1, sizeof(*access));

    if (access != NULL)
        (void)pthread_rwlock_init(&access->lock, NULL); /* can't on Linux */
    return access;
}

static int
read_list(const char *path, struct token_list **ret_list,
          struct problem *ret_problem)
{
    struct token_list *list = calloc(1, sizeof(*list));

    if (list == NULL)
        return problem_say(ret_problem, "out of memory");
    if (read_file(list, path, ret_problem) < 0) {
        list_free(list);
        return -1;
    }
    *ret_list = list;
    return 0;
}

static bool
is_same(const struct token_list *a, const struct token_list *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return memcmp(a, b, sizeof(*a)) == 0; /* without padding */
}

int
access_load(struct access *access, const char *path, bool health,
            bool *ret_changed, struct problem *ret_problem)
{
    struct token_list *list = NULL;
    struct token_list *old;

    if (path != NULL && read_list(path, &list, ret_problem) < 0)
        return -1;
    (void)pthread_rwlock_wrlock(&access->lock); /* fails on misuse only */
    old = access->list;
    access->list = list;
    access->health = health;
    (void)pthread_rwlock_unlock(&access->lock);
    if (ret_changed != NULL)
        *ret_changed = !is_same(list, old);
    list_free(old);
    return 0;
}

size_t
access_token_count(struct access *access)
{
    size_t count;

    (void)pthread_rwlock_rdlock(&access->lock); /* fails on misuse only */
    count = access->list != NULL ? access->list->count : 0;
    (void)pthread_rwlock_unlock(&access->lock);
    return count;
}

/* The token in a header's value; NULL for another scheme. */
static const char *
find_token(const char *authorization, size_t *ret_size)
{
    static const char scheme[] = "Bearer ";
    const char *token;

    if (authorization == NULL ||
        strncasecmp(authorization, scheme, sizeof(scheme) - 1) != 0)
        return NULL;
    token = authorization + sizeof(scheme) - 1;
    token += strspn(token, " ");
    *ret_size = strcspn(token, " ");
    return token;
}

/* All that the shown token may do; 0 when nobody has it. */
static unsigned
scopes_granted(const struct token_list *list,
               const unsigned char shown[ACCESS_TOKEN_SIZE_MAX])
{
    unsigned scopes = 0;
    size_t i;
    size_t j;

    for (i = 0; i < list->count; i++) {
        const struct token *token = &list->tokens[i];
        unsigned difference = 0;

        for (j = 0; j < sizeof(token->bytes); j++)
            difference |= token->bytes[j] ^ shown[j];
        /* All ones when it is 0, without a branch. */
        scopes |= token->scopes & (0U - ((difference - 1U) >> 31));
    }
    return scopes;
}

static enum access_verdict
judge(const struct token_list *list, const char *authorization,
      enum access_scope scope)
{
    unsigned char shown[ACCESS_TOKEN_SIZE_MAX] = {0};
    size_t size = 0;
    const char *token = find_token(authorization, &size);
    unsigned scopes;

    if (token == NULL)
        return ACCESS_UNKNOWN;
    if (!is_token(token, size))
        return ACCESS_INVALID;
    memcpy(shown, token, size);
    scopes = scopes_granted(list, shown);
    explicit_bzero(shown, sizeof(shown));
    if (scopes == 0)
        return ACCESS_INVALID;
    return (scopes & bit_of(scope)) != 0 ? ACCESS_GRANTED : ACCESS_INSUFFICIENT;
}

enum access_verdict
access_judge(struct access *access, const char *authorization,
             enum access_scope scope)
{
    enum access_verdict verdict = ACCESS_GRANTED;

    (void)pthread_rwlock_rdlock(&access->lock); /* fails on misuse only */
    if (access->list != NULL && scope != ACCESS_OPEN &&
        (scope != ACCESS_HEALTH || access->health))
        verdict = judge(access->list, authorization,
                        scope != ACCESS_HEALTH ? scope : ACCESS_READ);
    (void)pthread_rwlock_unlock(&access->lock);
    return verdict;
}

void
access_free(struct access *access)
{
    if (access == NULL)
        return;
    list_free(access->list);
    (void)pthread_rwlock_destroy(&access->lock); /* nobody holds it */
    free(access);
}
