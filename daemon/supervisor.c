/* SPDX-License-Identifier: MIT */
/*
 * The protocol of sd_notify(3), whose manual page promises that it stays: one
 * datagram to the socket that the environment names. libsystemd would bring
 * four compressors and a crypto library into the process for it.
 */
#include "supervisor.h"

#include "quantity.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* Of all that is told at once. */
#define MESSAGE_SIZE_MAX 512

/* A service manager that has no room for more would hold us up. */
#define SEND_TIMEOUT_S 5

static void
send_message(const char *path, const char *message, size_t size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval patience = {.tv_sec = SEND_TIMEOUT_S};
    const size_t length = strlen(path);
    int fd;

    if (length == 0 || length >= sizeof(address.sun_path))
        return;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@')
        address.sun_path[0] = '\0'; /* not in the file system */
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (sendto(
            fd, message, size, MSG_NOSIGNAL, (const struct sockaddr *)&address,
            (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0) {
        /* Nobody listens: so be it. */
    }
    (void)close(fd);
}

bool
supervisor_exists(void)
{
    return getenv("NOTIFY_SOCKET") != NULL;
}

void
supervisor_tell(const char *format, ...)
{
    const char *path = getenv("NOTIFY_SOCKET");
    char message[MESSAGE_SIZE_MAX];
    va_list arguments;

    if (path == NULL)
        return;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    send_message(path, message, strlen(message));
}

uint64_t
supervisor_watchdog_ms(void)
{
    const char *interval = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");
    uint64_t number;

    if (interval == NULL || (pid != NULL && (!quantity_number(pid, &number) ||
                                             number != (uint64_t)getpid())))
        return 0; /* it is not for us */
    if (!quantity_number(interval, &number) || number == 0)
        return 0;
    return number / 1000 / 2 > 0 ? number / 1000 / 2 : 1;
}
