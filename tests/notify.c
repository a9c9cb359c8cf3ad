/* SPDX-License-Identifier: MIT */
/* A socket of the kind that a service manager has. */
#include "notify.h"

#include "support.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/** Far more than any test hears. */
#define MESSAGE_COUNT_MAX 4096

struct notify {
    int fd;
    size_t count;
    const char *messages[MESSAGE_COUNT_MAX];
    int64_t at_ms[MESSAGE_COUNT_MAX];
};

struct notify *
notify_new(const char *address)
{
    struct notify *notify = support_alloc(sizeof(*notify));
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    const size_t size = strlen(address);

    ck_assert_uint_lt(size, sizeof(name.sun_path));
    memcpy(name.sun_path, address, size);
    if (address[0] == '@')
        name.sun_path[0] = '\0';
    notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(notify->fd, 0);
    ck_assert_int_eq(
        bind(notify->fd, (const struct sockaddr *)&name,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size)),
        0);
    ck_assert_int_eq(setenv("NOTIFY_SOCKET", address, 1), 0);
    return notify;
}

static void
take_message(struct notify *notify)
{
    char message[2048];
    const ssize_t size = recv(notify->fd, message, sizeof(message), 0);

    ck_assert_int_gt(size, 0);
    ck_assert_uint_lt(notify->count, MESSAGE_COUNT_MAX);
    notify->at_ms[notify->count] = support_now_ms();
    notify->messages[notify->count++] =
        support_format("%.*s", (int)size, message);
}

void
notify_listen(struct notify *notify, int timeout_ms)
{
    const int64_t deadline_ms = support_now_ms() + timeout_ms;
    struct pollfd poller = {.fd = notify->fd, .events = POLLIN};
    int64_t left_ms;

    while ((left_ms = deadline_ms - support_now_ms()) >= 0) {
        if (poll(&poller, 1, (int)left_ms) > 0)
            take_message(notify);
    }
}

static const char *
find(const struct notify *notify, size_t first, const char *part)
{
    size_t i;

    for (i = first; i < notify->count; i++) {
        if (strstr(notify->messages[i], part) != NULL)
            return notify->messages[i];
    }
    return NULL;
}

const char *
notify_wait(struct notify *notify, size_t first, const char *part)
{
    const int64_t deadline_ms = support_now_ms() + SUPPORT_WAIT_MS;
    const char *message;

    while ((message = find(notify, first, part)) == NULL &&
           support_now_ms() < deadline_ms)
        notify_listen(notify, 10);
    ck_assert_msg(message != NULL, "%s was never told", part);
    return message;
}

size_t
notify_count(const struct notify *notify)
{
    return notify->count;
}

size_t
notify_count_of(const struct notify *notify, const char *part)
{
    size_t count = 0;
    size_t i;

    for (i = 0; i < notify->count; i++)
        count += strstr(notify->messages[i], part) != NULL;
    return count;
}

const char *
notify_message(const struct notify *notify, size_t i)
{
    ck_assert_uint_lt(i, notify->count);
    return notify->messages[i];
}

int64_t
notify_at_ms(const struct notify *notify, size_t i)
{
    ck_assert_uint_lt(i, notify->count);
    return notify->at_ms[i];
}

void
notify_free(struct notify *notify)
{
    if (notify == NULL)
        return;
    (void)unsetenv("NOTIFY_SOCKET");
    (void)close(notify->fd);
}
