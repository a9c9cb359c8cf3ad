/* SPDX-License-Identifier: MIT */
/* The answers of HTTP/1.1 that a collector gives, and no others: a generator
 * that overlooks a mistake can't prove anything. */
#include "http_answer.h"

#include <string.h>
#include <strings.h>

/* More digits than any length here has, and fewer than 64 bits hold. */
#define DIGIT_COUNT_MAX 18

static const char version[] = "HTTP/1.1 ";

#define VERSION_SIZE (sizeof(version) - 1)

/* "HTTP/1.1 200 " */
#define STATUS_SIZE (VERSION_SIZE + 4)

/** A piece of the bytes. */
struct piece {
    const char *at;
    size_t size;
};

/** What of a head has been parsed. */
struct head {
    struct http_answer answer;
    uint64_t body_size;
    bool sized;
};

static bool
is_word(struct piece piece, const char *word)
{
    return piece.size == strlen(word) &&
           strncasecmp(piece.at, word, piece.size) == 0;
}

static bool
read_digits(struct piece piece, uint64_t *ret_number)
{
    uint64_t number = 0;
    size_t i;

    if (piece.size == 0 || piece.size > DIGIT_COUNT_MAX)
        return false;
    for (i = 0; i < piece.size; i++) {
        if (piece.at[i] < '0' || piece.at[i] > '9')
            return false;
        number = number * 10 + (uint64_t)(piece.at[i] - '0');
    }
    *ret_number = number;
    return true;
}

static struct piece
trim(struct piece piece)
{
    while (piece.size > 0 && (piece.at[0] == ' ' || piece.at[0] == '\t')) {
        piece.at++;
        piece.size--;
    }
    while (piece.size > 0 && (piece.at[piece.size - 1] == ' ' ||
                              piece.at[piece.size - 1] == '\t'))
        piece.size--;
    return piece;
}

static const char *
parse_status(struct piece line, struct head *head)
{
    uint64_t status;

    if (line.size < STATUS_SIZE || memcmp(line.at, version, VERSION_SIZE) != 0)
        return "it does not begin with HTTP/1.1 and a status";
    if (line.at[STATUS_SIZE - 1] != ' ' ||
        !read_digits((struct piece){line.at + VERSION_SIZE, 3}, &status))
        return "the status is no number";
    if (status < 200 || status > 599)
        return "the status is none that ends a request";
    head->answer.status = (int)status;
    return NULL;
}

static const char *
parse_retry(struct piece value, struct head *head)
{
    uint64_t seconds;

    if (!read_digits(value, &seconds))
        return "Retry-After is no number of seconds";
    head->answer.retry_s =
        (unsigned)(seconds < HTTP_RETRY_S_MAX ? seconds : HTTP_RETRY_S_MAX);
    return NULL;
}

static const char *
parse_header(struct piece line, struct head *head)
{
    const char *colon = memchr(line.at, ':', line.size);
    struct piece name = {line.at, 0};
    struct piece value;

    if (colon != NULL)
        name.size = (size_t)(colon - line.at);
    if (name.size == 0 || memchr(name.at, ' ', name.size) != NULL)
        return "a header has no name";
    value = trim((struct piece){colon + 1, line.size - name.size - 1});
    if (is_word(name, "Content-Length")) {
        if (head->sized || !read_digits(value, &head->body_size))
            return "Content-Length is not one number";
        head->sized = true;
    } else if (is_word(name, "Retry-After")) {
        return parse_retry(value, head);
    } else if (is_word(name, "Connection")) {
        head->answer.close = is_word(value, "close");
    } else if (is_word(name, "Transfer-Encoding")) {
        return "Transfer-Encoding in place of Content-Length";
    }
    return NULL;
}

/** Parse a head, the empty line not included. */
static const char *
parse_head(const char *bytes, size_t size, struct head *head)
{
    const char *end = bytes + size;
    const char *problem = NULL;
    struct piece line;

    for (line.at = bytes; problem == NULL && line.at < end;
         line.at += line.size + 2) {
        const char *feed = memchr(line.at, '\n', (size_t)(end - line.at));

        if (feed == NULL || feed == line.at || feed[-1] != '\r')
            return "a line of the head does not end with CR LF";
        line.size = (size_t)(feed - line.at) - 1;
        if (line.at == bytes)
            problem = parse_status(line, head);
        else
            problem = parse_header(line, head);
    }
    if (problem == NULL && !head->sized)
        problem = "Content-Length is missing";
    return problem;
}

static enum http_answer_form
refuse(struct http_answer *ret_answer, const char *problem)
{
    ret_answer->problem = problem;
    return HTTP_ANSWER_MALFORMED;
}

/** What bytes without the end of a head may become. */
static enum http_answer_form
judge_part(const char *bytes, size_t size, struct http_answer *ret_answer)
{
    const size_t known = size < VERSION_SIZE ? size : VERSION_SIZE;

    if (memcmp(bytes, version, known) != 0)
        return refuse(ret_answer, "it is not HTTP/1.1");
    if (size >= HTTP_HEAD_SIZE_MAX)
        return refuse(ret_answer, "the head is too long");
    return HTTP_ANSWER_PART;
}

enum http_answer_form
http_answer_parse(const char *bytes, size_t size, size_t body_size_max,
                  struct http_answer *ret_answer)
{
    const char *head_end = memmem(bytes, size, "\r\n\r\n", 4);
    struct head head = {.sized = false};
    const char *problem;
    size_t head_size;

    if (head_end == NULL)
        return judge_part(bytes, size, ret_answer);
    head_size = (size_t)(head_end - bytes) + 4;
    if (head_size > HTTP_HEAD_SIZE_MAX)
        return refuse(ret_answer, "the head is too long");
    problem = parse_head(bytes, head_size - 2, &head);
    if (problem != NULL)
        return refuse(ret_answer, problem);
    if (head.body_size > body_size_max)
        return refuse(ret_answer, "the body is too long");
    if (size - head_size < head.body_size)
        return HTTP_ANSWER_PART;
    if (size - head_size > head.body_size)
        return refuse(ret_answer, "there is more than was announced");
    head.answer.body = bytes + head_size;
    head.answer.body_size = (size_t)head.body_size;
    *ret_answer = head.answer;
    return HTTP_ANSWER_WHOLE;
}
