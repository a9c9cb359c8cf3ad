/* SPDX-License-Identifier: MIT */
/*
 * The head of a request, read once, header by header. Where two readings are
 * possible (two lengths, a length and chunks) it is refused: a proxy in front
 * might choose the other one.
 */
#include "request.h"

#include "quantity.h"

#include <string.h>
#include <strings.h>

/* What was seen of the headers that decide where the body ends, and whether one
 * was seen twice that must not be. */
struct framing_headers {
    const char *content_length;
    const char *transfer_encoding;
    int count;
    bool authorized_twice;
};

static bool
has_token(const char *list, const char *token)
{
    size_t token_size = strlen(token);

    while (*list != '\0') {
        size_t size;

        list += strspn(list, ", \t");
        size = strcspn(list, ", \t");
        if (size == token_size && strncasecmp(list, token, size) == 0)
            return true;
        list += size;
    }
    return false;
}

/* CivetWeb leaves spaces behind a value where they are, and refuses tabs. */
static void
copy_trimmed(const char *value, char *copy, size_t size)
{
    size_t length;

    value += strspn(value, " ");
    length = strlen(value);
    while (length > 0 && value[length - 1] == ' ')
        length--;
    if (length >= size)
        length = size - 1;
    memcpy(copy, value, length);
    copy[length] = '\0';
}

static void
read_header(struct request *request, const struct mg_header *header,
            struct framing_headers *framing, const char **connection)
{
    const char *value = header->value;

    if (strcasecmp(header->name, "Content-Length") == 0) {
        framing->content_length = value;
        framing->count++;
    } else if (strcasecmp(header->name, "Transfer-Encoding") == 0) {
        framing->transfer_encoding = value;
        framing->count++;
    } else if (strcasecmp(header->name, "Content-Type") == 0) {
        request->content_type = value;
    } else if (strcasecmp(header->name, "Accept") == 0) {
        request->accept = value;
    } else if (strcasecmp(header->name, "Sec-Fetch-Site") == 0) {
        request->fetch_site = value;
    } else if (strcasecmp(header->name, "Origin") == 0) {
        request->origin = value;
    } else if (strcasecmp(header->name, "Host") == 0) {
        request->host = value;
    } else if (strcasecmp(header->name, "Idempotency-Key") == 0) {
        request->idempotency_key_count++;
        copy_trimmed(value, request->idempotency_key,
                     sizeof(request->idempotency_key));
    } else if (strcasecmp(header->name, "Authorization") == 0) {
        if (request->authorization != NULL)
            framing->authorized_twice = true;
        request->authorization = value;
    } else if (strcasecmp(header->name, "Content-Encoding") == 0) {
        if (*value != '\0' && strcasecmp(value, "identity") != 0)
            request->body_encoded = true;
    } else if (strcasecmp(header->name, "Expect") == 0) {
        request->continue_expected = strcasecmp(value, "100-continue") == 0;
        request->expectation_unknown = !request->continue_expected;
    } else if (strcasecmp(header->name, "Connection") == 0) {
        /* CivetWeb decides by the first one. */
        if (*connection == NULL)
            *connection = value;
    } else if (strcasecmp(header->name, "Upgrade") == 0) {
        /* CivetWeb would take it for a websocket's, and close. */
        request->keep_alive = false;
    }
}

static int
refuse(struct request *request, int status, const char *text,
       struct request_problem *ret_problem)
{
    request->body_pending = true; /* nobody knows what follows */
    ret_problem->status = status;
    ret_problem->text = text;
    return -1;
}

/* More digits than a number holds are still a length, and far too much. */
static bool
read_length(const char *text, uint64_t *ret_size)
{
    char digits[24];
    size_t size = strspn(text, "0123456789");

    if (size == 0 || text[size + strspn(text + size, " \t")] != '\0')
        return false;
    if (size < sizeof(digits)) {
        memcpy(digits, text, size);
        digits[size] = '\0';
    }
    if (size >= sizeof(digits) || !quantity_number(digits, ret_size))
        *ret_size = UINT64_MAX;
    return true;
}

static int
read_framing(struct request *request, const struct framing_headers *framing,
             struct request_problem *ret_problem)
{
    if (framing->count == 0)
        return 0;
    if (framing->count > 1)
        return refuse(request, 400,
                      "more than one Content-Length or Transfer-Encoding",
                      ret_problem);
    request->body_pending = true;
    if (framing->transfer_encoding != NULL) {
        if (strcasecmp(framing->transfer_encoding, "chunked") != 0)
            return refuse(request, 400, "Transfer-Encoding must be chunked",
                          ret_problem);
        request->framing = REQUEST_CHUNKED;
        return 0;
    }
    request->framing = REQUEST_SIZED;
    if (!read_length(framing->content_length, &request->body_size))
        return refuse(request, 400, "Content-Length must be a number",
                      ret_problem);
    request->body_pending = request->body_size > 0;
    return 0;
}

static void
read_connection(struct request *request, const char *connection, bool http_1_0)
{
    if (connection != NULL ? !has_token(connection, "keep-alive") : http_1_0)
        request->keep_alive = false;
    if (connection != NULL && has_token(connection, "close"))
        request->keep_alive = false;
}

/*
 * Whether the headers that CivetWeb shows are all there were. It stops, without
 * a word, at a line that begins with a space, a colon or a byte beyond ASCII,
 * and what follows could say where the body ends. It has put NULs in place of
 * CR and LF behind the last value, and of the very last LF: between them
 * nothing but the empty line may stand. Lines that end with LF alone can't be
 * told from an odd one, and are refused too.
 */
static bool
is_whole_head(const struct mg_request_info *info)
{
    const char *end;

    if (info->num_headers == 0)
        return true; /* nothing to go by: not kept alive instead */
    end = info->http_headers[info->num_headers - 1].value;
    end += strlen(end);
    return end[1] == '\0' && end[2] == '\r' && end[3] == '\0';
}

/*
 * Whether a name has no space behind it, before the colon. CivetWeb takes the
 * header for one without; a proxy may not, and then they disagree about where
 * the body ends. It has put a NUL in place of the colon, and of each such
 * space.
 */
static bool
is_whole_name(const struct mg_header *header)
{
    const char *colon = header->name + strlen(header->name);

    return colon + 1 == header->value || colon[1] != '\0';
}

/* Whether a line ends with CR and LF. One that ends with LF alone is two to
 * CivetWeb, and may be one to a proxy. */
static bool
is_whole_line(const struct mg_header *header, const struct mg_header *next)
{
    return next->name == header->value + strlen(header->value) + 2;
}

static bool
are_whole_lines(const struct mg_request_info *info)
{
    const struct mg_header *header = info->http_headers;
    int i;

    for (i = 0; i < info->num_headers; i++) {
        if (!is_whole_name(&header[i]) ||
            (i > 0 && !is_whole_line(&header[i - 1], &header[i])))
            return false;
    }
    return true;
}

int
request_read_head(struct request *request, struct request_problem *ret_problem)
{
    const struct mg_request_info *info = mg_get_request_info(request->conn);
    struct framing_headers framing = {.count = 0};
    const char *connection = NULL;
    bool http_1_0 = strcmp(info->http_version, "1.0") == 0;
    int i;

    request->method = info->request_method;
    request->path = info->local_uri_raw;
    request->query = info->query_string;
    request->head_only = strcmp(info->request_method, "HEAD") == 0;
    request->keep_alive = true;
    for (i = 0; i < info->num_headers; i++)
        read_header(request, &info->http_headers[i], &framing, &connection);
    read_connection(request, connection, http_1_0);
    if (info->num_headers == 0)
        request->keep_alive = false;
    if (http_1_0) {
        /* There, nobody waits for a 100. */
        request->continue_expected = false;
    }
    if (info->num_headers >= MG_MAX_HEADERS)
        /* CivetWeb drops those beyond without a word, and the one that says
         * where the body ends may be among them. */
        return refuse(request, 431, "too many headers", ret_problem);
    if (!are_whole_lines(info) || !is_whole_head(info))
        return refuse(request, 400, "a header line is malformed", ret_problem);
    if (framing.authorized_twice)
        return refuse(request, 400, "more than one Authorization", ret_problem);
    return read_framing(request, &framing, ret_problem);
}
