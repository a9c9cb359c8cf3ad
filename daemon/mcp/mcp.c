/* SPDX-License-Identifier: MIT */
/*
 * The server: a thread that listens, and one that asks the file. The first
 * answers all that needs no file, so that a ping and a cancellation never wait
 * for a question.
 */
#include "mcp.h"

#include "calls.h"
#include "ctl/voice.h"
#include "lines.h"
#include "outlet.h"
#include "session.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct server {
    struct session session;
    struct lines *lines;
    struct outlet *outlet;
    struct calls *calls;
    int in;
    int out;
    /** Can be read from when it has to end. */
    int signal_fd;
    /** The input has ended. */
    bool ended;
};

/** What the server waits for has come. */
enum event {
    EVENT_INPUT,
    /** A call is done. */
    EVENT_DONE,
    /** It was told to end. */
    EVENT_STOP,
    /** Nobody reads what it writes. */
    EVENT_DEAF
};

static void
take_tree(struct server *server, json_t *tree, FILE *out, char **text,
          const size_t *size)
{
    const json_t *id = NULL;
    const enum session_step step =
        session_take(&server->session, tree, out, &id);

    if (fclose(out) == 0 && step == SESSION_ANSWERED)
        outlet_write(server->outlet, *text, *size);
    if (step == SESSION_CALL) {
        calls_add(server->calls, tree);
        return;
    }
    if (step == SESSION_CANCEL)
        calls_cancel(server->calls, id);
    json_decref(tree);
}

static void
refuse(struct server *server, enum rpc_code code, const char *problem)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (out == NULL)
        return;
    voice_say("a message was refused: %s", problem);
    rpc_write_error(out, NULL, code, problem);
    if (fclose(out) == 0)
        outlet_write(server->outlet, text, size);
    free(text);
}

static bool
is_blank(const char *line, size_t size)
{
    size_t i;

    for (i = 0; i < size; i++) {
        if (strchr(" \t\r", line[i]) == NULL || line[i] == '\0')
            return false;
    }
    return true;
}

static void
take_line(struct server *server, const char *line, size_t line_size)
{
    struct problem problem;
    enum rpc_code code;
    char *text = NULL;
    size_t size = 0;
    FILE *out;
    json_t *tree;

    if (is_blank(line, line_size))
        return;
    tree = rpc_parse(line, line_size, &code, &problem);
    if (tree == NULL) {
        refuse(server, code, problem.text);
        return;
    }
    out = open_memstream(&text, &size);
    if (out != NULL)
        take_tree(server, tree, out, &text, &size);
    else
        json_decref(tree);
    free(text);
}

/** All lines that have come, as long as there is room for calls. */
static void
take_lines(struct server *server)
{
    const char *line;
    size_t size;

    while (calls_have_room(server->calls)) {
        switch (lines_next(server->lines, &line, &size)) {
        case LINES_LINE:
            take_line(server, line, size);
            break;
        case LINES_TOO_LONG:
            refuse(server, RPC_INVALID_REQUEST,
                   "a line has at most 1048576 bytes");
            break;
        case LINES_WAIT:
            return;
        case LINES_END:
            server->ended = true;
            calls_close(server->calls);
            return;
        }
    }
}

static enum event
wait_for_event(struct server *server)
{
    const bool listens = !server->ended && calls_have_room(server->calls);
    /* Of a pipe that nobody reads, poll() says so without being asked. */
    struct pollfd fds[] = {{.fd = listens ? server->in : -1, .events = POLLIN},
                           {.fd = server->out, .events = 0},
                           {.fd = calls_fd(server->calls), .events = POLLIN},
                           {.fd = server->signal_fd, .events = POLLIN}};
    int error;
    int count;

    do
        count = poll(fds, 4, calls_press(server->calls) ? CALLS_AGAIN_MS : -1);
    while (count == 0 || (count < 0 && errno == EINTR));
    if (count < 0 || fds[3].revents != 0)
        return EVENT_STOP; /* also without memory in the kernel */
    error = outlet_error(server->outlet);
    if (error == ECANCELED)
        return EVENT_STOP; /* the signal came after that look */
    if (fds[1].revents != 0 || error != 0)
        return EVENT_DEAF;
    return fds[2].revents != 0 ? EVENT_DONE : EVENT_INPUT;
}

/** Until the end of the input, and of all that was asked. 0, or -1. */
static int
serve_until_end(struct server *server)
{
    while (!calls_are_done(server->calls)) {
        switch (wait_for_event(server)) {
        case EVENT_INPUT:
            if (lines_read(server->lines) < 0) {
                voice_say("standard input: %s", strerror(errno));
                return -1;
            }
            break;
        case EVENT_DONE:
            calls_notice(server->calls);
            break;
        case EVENT_STOP:
            return 0;
        case EVENT_DEAF:
            voice_say("standard output: nobody reads it");
            return -1;
        }
        take_lines(server);
    }
    return 0;
}

/** Have the signals that end a program come by a descriptor. -1 if that can't
 *  be had. */
static int
catch_signals(void)
{
    sigset_t signals;

    (void)signal(SIGPIPE, SIG_IGN); /* write() says so too */
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int
serve(struct server *server, const struct mcp_options *options)
{
    server->lines = lines_new(server->in, RPC_LINE_SIZE_MAX);
    server->outlet = outlet_new(server->out, server->signal_fd);
    if (server->lines == NULL || server->outlet == NULL)
        return -1;
    server->calls = calls_new(options, server->outlet);
    if (server->calls == NULL)
        return -1;
    return serve_until_end(server);
}

int
mcp_serve(const struct mcp_options *options, int in, int out)
{
    struct server server = {.in = in, .out = out};
    int rc = -1;

    server.signal_fd = catch_signals();
    if (server.signal_fd < 0)
        voice_say("no signals: %s", strerror(errno));
    else
        rc = serve(&server, options);
    calls_free(server.calls);
    outlet_free(server.outlet);
    lines_free(server.lines);
    if (server.signal_fd >= 0)
        (void)close(server.signal_fd); /* nothing was written through it */
    return rc;
}
