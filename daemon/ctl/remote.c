/* SPDX-License-Identifier: MIT */
/*
 * The only user of libcurl here. Redirects are not followed, and nothing is
 * sent to anybody else than the URL's host: the token is for that one.
 */
#include "remote.h"

#include "secret.h"
#include "secret_file.h"
#include "stop.h"

#include <collector/version.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of that a request may take, to connect. */
#define CONNECT_MS_MAX 10000

/* How long a copy may be silent: it is, until it is whole on the other side. */
#define SILENCE_S_MAX 600

/* Of a file that holds one token. */
#define TOKEN_LINES_MAX 64

#define URL_SIZE_MAX 4096

struct remote {
    CURL *easy;
    struct curl_slist *headers;
    /* Without a slash at its end. */
    char url[URL_SIZE_MAX];
    char token[REMOTE_TOKEN_SIZE_MAX + 1];
    char error[CURL_ERROR_SIZE];
    uint64_t timeout_ms;
    /* Where the body goes. */
    FILE *text;
    size_t text_size;
    /* -1: into the text, whatever the status is. */
    int fd;
    int write_errno;
};

static const char *
take_token(void *userdata, const char *line, unsigned number)
{
    struct remote *remote = userdata;
    const size_t size = strlen(line);

    (void)number;
    if (remote->token[0] != '\0')
        return "expected one token, and nothing else";
    if (size > REMOTE_TOKEN_SIZE_MAX || strpbrk(line, " \t") != NULL)
        return "expected a token, and nothing else";
    memcpy(remote->token, line, size + 1);
    return NULL;
}

static int
read_token(struct remote *remote, const char *path, struct problem *ret_problem)
{
    if (path == NULL)
        return 0;
    if (secret_file_read("-token-file", path, TOKEN_LINES_MAX, take_token,
                         remote, ret_problem) < 0)
        return -1;
    if (remote->token[0] == '\0')
        return problem_say(ret_problem, "-token-file \"%.200s\": it is empty",
                           path);
    return 0;
}

/* What can't be sent where paths are put behind it, or is for nobody to see. */
static int
take_url(struct remote *remote, const char *url, struct problem *ret_problem)
{
    size_t size = strlen(url);

    if (secret_is_in_url(url))
        return problem_say(ret_problem, "a password in the URL can be seen by "
                                        "all: use -token-file");
    if (size >= sizeof(remote->url) || strpbrk(url, "?# ") != NULL)
        return problem_say(ret_problem,
                           "expected http://HOST:PORT, and no query behind it");
    while (size > 0 && url[size - 1] == '/')
        size--;
    memcpy(remote->url, url, size);
    return 0;
}

/* What it is told by ::1 or 127.0.0.1 is for no proxy to hear. */
static bool
is_here(const char *url)
{
    const char *host = strstr(url, "://");
    size_t size;

    host = host != NULL ? host + 3 : url;
    size = strcspn(host, ":/");
    return strncmp(host, "127.", 4) == 0 || strncmp(host, "[::1]", 5) == 0 ||
           (size == 9 && strncmp(host, "localhost", size) == 0);
}

static size_t
write_all(struct remote *remote, const char *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        const ssize_t n = write(remote->fd, bytes + done, size - done);

        if (n < 0 && errno != EINTR) {
            remote->write_errno = errno;
            return done;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return done;
}

/* A curl_write_callback: anything but size ends the request. */
static size_t
receive(char *bytes, size_t one, size_t size, void *userdata)
{
    struct remote *remote = userdata;
    long status = 0;

    (void)one; /* it is 1 */
    (void)curl_easy_getinfo(remote->easy, CURLINFO_RESPONSE_CODE, &status);
    if (remote->fd >= 0 && status == 200)
        return write_all(remote, bytes, size);
    remote->text_size += size;
    if (remote->text_size > REMOTE_ANSWER_SIZE_MAX)
        return 0;
    return fwrite(bytes, 1, size, remote->text);
}

static int
look_for_stop(void *userdata, curl_off_t down_size, curl_off_t down,
              curl_off_t up_size, curl_off_t up)
{
    (void)userdata;
    (void)down_size;
    (void)down;
    (void)up_size;
    (void)up;
    return stop_is_asked();
}

static CURLcode
set_numbers(struct remote *remote, const char *method, bool is_copy)
{
    const uint64_t connect_ms = remote->timeout_ms < CONNECT_MS_MAX
                                    ? remote->timeout_ms
                                    : CONNECT_MS_MAX;
    const struct {
        CURLoption option;
        long value;
    } numbers[] = {
        {CURLOPT_NOSIGNAL, 1},
        {CURLOPT_FOLLOWLOCATION, 0},
        {CURLOPT_HTTPGET, 1},
        {CURLOPT_POST, strcmp(method, "POST") == 0},
        {CURLOPT_NOPROGRESS, 0},
        {CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms},
        {CURLOPT_TIMEOUT_MS, is_copy ? 0 : (long)remote->timeout_ms},
        {CURLOPT_LOW_SPEED_LIMIT, is_copy},
        {CURLOPT_LOW_SPEED_TIME, is_copy ? SILENCE_S_MAX : 0},
        {CURLOPT_POSTFIELDSIZE, 0},
    };
    CURLcode code = CURLE_OK;
    size_t i;

    for (i = 0; code == CURLE_OK && i < sizeof(numbers) / sizeof(*numbers);
         i++) {
        if (numbers[i].option != CURLOPT_POST || numbers[i].value != 0)
            code = curl_easy_setopt(remote->easy, numbers[i].option,
                                    numbers[i].value);
    }
    return code;
}

static CURLcode
set_up(struct remote *remote, const char *method, const char *url, bool is_copy)
{
    CURLcode code = set_numbers(remote, method, is_copy);

    if (code == CURLE_OK)
        code = curl_easy_setopt(remote->easy, CURLOPT_URL, url);
    if (code == CURLE_OK)
        code = curl_easy_setopt(remote->easy, CURLOPT_CUSTOMREQUEST,
                                strcmp(method, "DELETE") == 0 ? method : NULL);
    return code;
}

static int
say_failure(const struct remote *remote, CURLcode code,
            struct problem *ret_problem)
{
    const char *words =
        remote->error[0] != '\0' ? remote->error : curl_easy_strerror(code);

    if (stop_is_asked())
        words = "stopped";
    else if (remote->write_errno != 0)
        words = strerror(remote->write_errno);
    else if (remote->text_size > REMOTE_ANSWER_SIZE_MAX)
        words = "its answer is too long";
    return problem_say(ret_problem, "%.200s: %s", remote->url, words);
}

/* Into remote->text, and to remote->fd. */
static int
perform(struct remote *remote, const char *method, const char *path,
        int *ret_status, struct problem *ret_problem)
{
    char url[2 * URL_SIZE_MAX];
    CURLcode code;
    long status = 0;

    if (snprintf(url, sizeof(url), "%s%s", remote->url, path) >=
        (int)sizeof(url))
        return problem_say(ret_problem, "the question is too long for a URL");
    remote->error[0] = '\0';
    remote->text_size = 0;
    remote->write_errno = 0;
    code = set_up(remote, method, url, remote->fd >= 0);
    if (code == CURLE_OK)
        code = curl_easy_perform(remote->easy);
    if (code != CURLE_OK)
        return say_failure(remote, code, ret_problem);
    (void)curl_easy_getinfo(remote->easy, CURLINFO_RESPONSE_CODE, &status);
    *ret_status = (int)status;
    return 0;
}

static int
exchange(struct remote *remote, const char *method, const char *path, int fd,
         struct remote_answer *ret_answer, struct problem *ret_problem)
{
    struct remote_answer answer = {.status = 0};
    int rc;

    remote->fd = fd;
    remote->text = open_memstream(&answer.text, &answer.size);
    if (remote->text == NULL)
        return problem_say(ret_problem, "out of memory");
    rc = perform(remote, method, path, &answer.status, ret_problem);
    if (fclose(remote->text) != 0 && rc == 0)
        rc = problem_say(ret_problem, "out of memory");
    if (rc == 0)
        *ret_answer = answer;
    else
        free(answer.text);
    return rc;
}

/* What holds for every request. */
static CURLcode
prepare(struct remote *remote, const struct remote_options *options)
{
    CURL *easy = remote->easy;
    const struct {
        CURLoption option;
        const void *value;
    } pointers[] = {
        {CURLOPT_PROTOCOLS_STR, "http,https"},
        {CURLOPT_USERAGENT, "collectorctl/" COLLECTOR_VERSION},
        {CURLOPT_CAINFO, options->ca_file},
        {CURLOPT_PROXY, is_here(remote->url) ? "" : NULL},
        {CURLOPT_HTTPHEADER, remote->headers},
        {CURLOPT_POSTFIELDS, ""},
        {CURLOPT_ERRORBUFFER, remote->error},
        {CURLOPT_WRITEDATA, remote},
    };
    CURLcode code = CURLE_OK;
    size_t i;

    for (i = 0; code == CURLE_OK && i < sizeof(pointers) / sizeof(*pointers);
         i++) {
        if (pointers[i].value != NULL)
            code =
                curl_easy_setopt(easy, pointers[i].option, pointers[i].value);
    }
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, look_for_stop);
    return code;
}

static CURLcode
make_headers(struct remote *remote)
{
    char line[REMOTE_TOKEN_SIZE_MAX + 32];

    if (remote->token[0] == '\0')
        return CURLE_OK;
    (void)snprintf(line, sizeof(line), "Authorization: Bearer %s",
                   remote->token);
    remote->headers = curl_slist_append(NULL, line);
    explicit_bzero(line, sizeof(line));
    return remote->headers != NULL ? CURLE_OK : CURLE_OUT_OF_MEMORY;
}

static int
start_curl(struct remote *remote, const struct remote_options *options,
           struct problem *ret_problem)
{
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);

    if (code == CURLE_OK)
        remote->easy = curl_easy_init();
    if (code == CURLE_OK && remote->easy == NULL)
        code = CURLE_OUT_OF_MEMORY;
    if (code == CURLE_OK)
        code = make_headers(remote);
    if (code == CURLE_OK)
        code = prepare(remote, options);
    if (code == CURLE_OK)
        return 0;
    return problem_say(ret_problem, "libcurl: %s", curl_easy_strerror(code));
}

enum remote_result
remote_open(const struct remote_options *options, struct remote **ret_remote,
            struct problem *ret_problem)
{
    struct remote *remote = calloc(1, sizeof(*remote));
    enum remote_result result = REMOTE_OK;

    if (remote == NULL) {
        (void)problem_say(ret_problem, "out of memory");
        return REMOTE_FAILED;
    }
    remote->timeout_ms = options->timeout_ms;
    if (take_url(remote, options->url, ret_problem) < 0 ||
        read_token(remote, options->token_file, ret_problem) < 0)
        result = REMOTE_MISTAKEN;
    else if (start_curl(remote, options, ret_problem) < 0)
        result = REMOTE_FAILED;
    if (result == REMOTE_OK) {
        *ret_remote = remote;
        remote = NULL; /* handed over */
    }
    remote_free(remote);
    return result;
}

int
remote_ask(struct remote *remote, const char *method, const char *path,
           struct remote_answer *ret_answer, struct problem *ret_problem)
{
    return exchange(remote, method, path, -1, ret_answer, ret_problem);
}

int
remote_copy(struct remote *remote, const char *path, int fd,
            struct remote_answer *ret_answer, struct problem *ret_problem)
{
    return exchange(remote, "GET", path, fd, ret_answer, ret_problem);
}

void
remote_free(struct remote *remote)
{
    if (remote == NULL)
        return;
    curl_easy_cleanup(remote->easy);
    curl_slist_free_all(remote->headers);
    explicit_bzero(remote, sizeof(*remote));
    free(remote);
}
