/* SPDX-License-Identifier: MIT */
/*
 * Asks as anybody would, so that whatever would leave others without an answer
 * leaves this one without. Nothing here blocks: the thread that asks is the one
 * that frees the server's threads from slow clients.
 */
#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char request[] = "GET /livez HTTP/1.1\r\nHost: localhost\r\n"
                              "Connection: close\r\n\r\n";

/* What an answer begins with, whatever its status. */
static const char beginning[] = "HTTP/1.";

static int
connect_to(int fd, const struct address *address)
{
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_port = htons(address->port)};

    if (inet_pton(AF_INET, address->host, &name.sin_addr) != 1)
        return -1;
    if (name.sin_addr.s_addr == htonl(INADDR_ANY))
        name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (const struct sockaddr *)&name, sizeof(name)) == 0 ||
        errno == EINPROGRESS)
        return 0;
    return -1;
}

void
probe_begin(struct probe *probe, const struct address *address)
{
    probe->sent_size = 0;
    probe->answer_size = 0;
    probe->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (probe->fd >= 0 && connect_to(probe->fd, address) < 0)
        probe_end(probe);
}

/* Whether a call has to be made again, rather than to be given up. */
static bool
is_early(void)
{
    return errno == EAGAIN || errno == EINTR || errno == ENOTCONN;
}

static enum probe_result
write_on(struct probe *probe)
{
    const ssize_t sent =
        send(probe->fd, request + probe->sent_size,
             sizeof(request) - 1 - probe->sent_size, MSG_NOSIGNAL);

    if (sent < 0)
        return is_early() ? PROBE_WAITS : PROBE_FAILED;
    probe->sent_size += (size_t)sent;
    return PROBE_WAITS;
}

static enum probe_result
read_on(struct probe *probe)
{
    const size_t wanted = sizeof(beginning) - 1;
    const ssize_t got = recv(probe->fd, probe->answer + probe->answer_size,
                             wanted - probe->answer_size, 0);

    if (got < 0 && is_early())
        return PROBE_WAITS;
    if (got <= 0)
        return PROBE_FAILED;
    probe->answer_size += (size_t)got;
    if (probe->answer_size < wanted)
        return PROBE_WAITS;
    return memcmp(probe->answer, beginning, wanted) == 0 ? PROBE_ANSWERED
                                                         : PROBE_FAILED;
}

enum probe_result
probe_look(struct probe *probe)
{
    enum probe_result result = PROBE_FAILED;

    if (probe->fd >= 0)
        result = probe->sent_size < sizeof(request) - 1 ? write_on(probe)
                                                        : read_on(probe);
    if (result != PROBE_WAITS)
        probe_end(probe);
    return result;
}

void
probe_end(struct probe *probe)
{
    if (probe->fd >= 0)
        (void)close(probe->fd); /* all that was wanted is known */
    probe->fd = -1;
}
