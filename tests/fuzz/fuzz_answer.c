/* SPDX-License-Identifier: MIT */
/*
 * What an upstream answers, byte for byte, to the webhook sink as it is, over a
 * socket: nothing counts as delivered but a whole head with a 2xx, nothing as
 * rejected but four codes, and whatever Retry-After says is a time that can be
 * waited for. An input that begins with an r is only the value of that header.
 */
#include "base.h"
#include "folder.h"
#include "fuzz.h"

#include <arpa/inet.h>
#include <collector/collector.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

/** An answer is there at once, and what is cut ends with the connection: only
 *  a hang gets there. */
#define TIMEOUT_MS 10000

#define REQUEST_SIZE_MAX 4096

/** Longer inputs are cut. */
#define ANSWER_SIZE_MAX 65536

/** Digits of which no number is too large for anybody. */
#define DIGIT_COUNT_MAX 9

#define GOOD "HTTP/1.1 200 OK\r\nX-Any: text\r\nContent-Length: 0\r\n\r\n"

#define HEAD "HTTP/1.1 503 Later\r\nContent-Length: 0\r\nRetry-After: "

/** The upstream: it answers on a thread of its own. */
static int listener = -1;
static pid_t server_of;

/** What it is to answer. */
static pthread_mutex_t answer_lock = PTHREAD_MUTEX_INITIALIZER;
static char answer[ANSWER_SIZE_MAX];
static size_t answer_size;

static struct collector_store *store;
static struct collector_batch *batch;
static struct collector_sink *sink;

/** Whether all of a request is there, which ends with an array of events. */
static bool
is_whole(const char *request, size_t size)
{
    return size >= 2 && memcmp(request + size - 2, "}]", 2) == 0;
}

static bool
receive_request(int fd)
{
    char request[REQUEST_SIZE_MAX];
    size_t size = 0;
    ssize_t count;

    while (!is_whole(request, size) && size < sizeof(request)) {
        count = recv(fd, request + size, sizeof(request) - size, 0);
        if (count <= 0)
            return false;
        size += (size_t)count;
    }
    return true;
}

static void
send_answer(int fd)
{
    static char copy[ANSWER_SIZE_MAX];
    size_t size;
    size_t sent = 0;
    ssize_t count = 1;

    (void)pthread_mutex_lock(&answer_lock);
    size = answer_size;
    memcpy(copy, answer, size);
    (void)pthread_mutex_unlock(&answer_lock);
    while (sent < size && count > 0) { /* less when the sink hangs up */
        count = send(fd, copy + sent, size - sent, MSG_NOSIGNAL);
        sent += count > 0 ? (size_t)count : 0;
    }
}

static void *
serve_all(void *unused)
{
    (void)unused;
    for (;;) {
        const int fd = accept(listener, NULL, NULL);

        fuzz_check(fd >= 0);
        if (receive_request(fd))
            send_answer(fd);
        (void)close(fd); /* the sink sees the end of the answer */
    }
    return NULL;
}

/** Start the upstream, and make a sink for it. */
static void
start(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    struct collector_webhook_options options;
    char url[64];
    pthread_t thread;

    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fuzz_check(listener >= 0);
    fuzz_check(bind(listener, (struct sockaddr *)&address, size) == 0);
    fuzz_check(listen(listener, 16) == 0);
    fuzz_check(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    fuzz_check(pthread_create(&thread, NULL, serve_all, NULL) == 0);
    (void)pthread_detach(thread); /* it is a thread of ours */
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/",
                   ntohs(address.sin_port));
    collector_webhook_options_init(&options);
    options.url = url;
    options.timeout_ms = TIMEOUT_MS;
    fuzz_check(collector_sink_webhook_new(&options, &sink) == COLLECTOR_OK);
    server_of = getpid();
}

/** Deliver a batch, and have it answered with these bytes. */
static struct collector_delivery
deliver(const char *bytes, size_t size)
{
    struct collector_delivery delivery = {.attempts = 1};

    (void)pthread_mutex_lock(&answer_lock);
    answer_size = size < sizeof(answer) ? size : sizeof(answer);
    if (answer_size > 0)
        memcpy(answer, bytes, answer_size);
    (void)pthread_mutex_unlock(&answer_lock);
    fuzz_check(collector_sink_deliver(sink, batch, &delivery) == COLLECTOR_OK);
    fuzz_check(delivery.status >= 0 && delivery.status <= 999);
    fuzz_check(delivery.retry_after_ms >= 0);
    fuzz_check(memchr(delivery.error, '\0', sizeof(delivery.error)) != NULL);
    fuzz_check(delivery.result == COLLECTOR_DELIVERED ||
               fuzz_is_line(delivery.error));
    return delivery;
}

static void
try_answer(const char *bytes, size_t size)
{
    struct collector_delivery delivery;

    /* What is kept from one exchange may harm the next. */
    (void)deliver(GOOD, sizeof(GOOD) - 1);
    delivery = deliver(bytes, size);
    switch (delivery.result) {
    case COLLECTOR_DELIVERED:
        fuzz_check(delivery.status / 100 == 2);
        fuzz_check(size >= 5 && memcmp(bytes, "HTTP/", 5) == 0);
        fuzz_check(memmem(bytes, size, " 2", 2) != NULL);
        fuzz_check(memmem(bytes, size, "\n\n", 2) != NULL ||
                   memmem(bytes, size, "\n\r\n", 3) != NULL);
        return;
    case COLLECTOR_REJECTED:
        fuzz_check(delivery.status == 400 || delivery.status == 413 ||
                   delivery.status == 415 || delivery.status == 422);
        return;
    case COLLECTOR_RETRY:
        return;
    }
    fuzz_fail("a result", __FILE__, __LINE__);
}

static void
try_retry_after(const char *value)
{
    const size_t digits = strspn(value, "0123456789");
    const size_t size = strcspn(value, "\r\n");
    const size_t room = sizeof(HEAD) + size + 4;
    char *text = malloc(room);
    struct collector_delivery delivery;

    fuzz_check(text != NULL);
    (void)snprintf(text, room, HEAD "%.*s\r\n\r\n", (int)size, value);
    delivery = deliver(text, strlen(text));
    fuzz_check(delivery.result == COLLECTOR_RETRY && delivery.status == 503);
    if (digits > 0 && digits == size && digits <= DIGIT_COUNT_MAX)
        fuzz_check(delivery.retry_after_ms == atoll(value) * 1000);
    free(text);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const struct collector_event event = {.device_id = "d", .kind = "k"};
    const struct collector_batch_limits limits = {1, 1000};
    struct collector_store_options options;

    (void)argc;
    (void)argv;
    folder_make();
    collector_store_options_init(&options);
    options.path = folder_path(BASE_NAME);
    fuzz_check(collector_store_open(&options, &store) == COLLECTOR_OK);
    fuzz_check(collector_store_append(store, &event, 1, NULL, NULL) ==
               COLLECTOR_OK);
    fuzz_check(collector_store_fetch(store, &limits, &batch) == COLLECTOR_OK);
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text;

    if (server_of != getpid()) /* a child has no thread but its own */
        start();
    if (size == 0 || data[0] != 'r') {
        try_answer((const char *)data, size);
        return 0;
    }
    text = fuzz_text(data + 1, size - 1);
    try_retry_after(text);
    free(text);
    return 0;
}
