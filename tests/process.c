/* SPDX-License-Identifier: MIT */
/*
 * A child with its stdout and stderr on pipes, and a thread that empties them,
 * so that the child never waits for the test.
 */
#include "process.h"

#include "support.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/** What is kept of each stream; the rest is read and forgotten. */
#define OUTPUT_SIZE_MAX (256 * 1024)

#define ARGUMENT_COUNT_MAX 64

struct output {
    int fd;
    size_t size;
    char text[OUTPUT_SIZE_MAX + 1];
};

struct daemon {
    pid_t pid;
    bool reaped;
    int status;
    pthread_t thread;
    pthread_mutex_t lock;
    atomic_bool output_ended;
    struct output out;
    struct output err;
};

/** False at the end of the stream. */
static bool
read_output(struct daemon *daemon, struct output *output)
{
    char bytes[4096];
    ssize_t got = read(output->fd, bytes, sizeof(bytes));
    size_t fits;

    if (got <= 0)
        return false;
    (void)pthread_mutex_lock(&daemon->lock);
    fits = OUTPUT_SIZE_MAX - output->size;
    if (fits > (size_t)got)
        fits = (size_t)got;
    memcpy(output->text + output->size, bytes, fits);
    output->size += fits;
    (void)pthread_mutex_unlock(&daemon->lock);
    return true;
}

static void *
read_outputs(void *userdata)
{
    struct daemon *daemon = userdata;
    struct pollfd pollers[2] = {{.fd = daemon->out.fd, .events = POLLIN},
                                {.fd = daemon->err.fd, .events = POLLIN}};

    while (pollers[0].fd >= 0 || pollers[1].fd >= 0) {
        if (poll(pollers, 2, -1) < 0)
            continue;
        if (pollers[0].revents != 0 && !read_output(daemon, &daemon->out))
            pollers[0].fd = -1;
        if (pollers[1].revents != 0 && !read_output(daemon, &daemon->err))
            pollers[1].fd = -1;
    }
    atomic_store(&daemon->output_ended, true);
    return NULL;
}

/** Between fork() and execv() of a program with threads: system calls only. */
static void
run_child(const char *program, char *const *arguments, pid_t parent, int out,
          int err)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    (void)dup2(out, STDOUT_FILENO);
    (void)dup2(err, STDERR_FILENO);
    (void)execv(program, arguments);
    _exit(127);
}

static struct daemon *
spawn(const char *variable, const char **arguments)
{
    struct daemon *daemon = calloc(1, sizeof(*daemon));
    const char *program = getenv(variable);
    pid_t parent = getpid();
    int out[2];
    int err[2];

    ck_assert_ptr_nonnull(daemon);
    ck_assert_msg(program != NULL, "%s does not name the program", variable);
    arguments[0] = program;
    ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(err, O_CLOEXEC), 0);
    daemon->pid = fork();
    ck_assert_int_ge(daemon->pid, 0);
    if (daemon->pid == 0)
        run_child(program, (char *const *)arguments, parent, out[1], err[1]);
    (void)close(out[1]);
    (void)close(err[1]);
    daemon->out.fd = out[0];
    daemon->err.fd = err[0];
    (void)pthread_mutex_init(&daemon->lock, NULL);
    ck_assert_int_eq(
        pthread_create(&daemon->thread, NULL, read_outputs, daemon), 0);
    return daemon;
}

static void
collect(const char **arguments, size_t count, va_list rest)
{
    const char *argument;

    while ((argument = va_arg(rest, const char *)) != NULL) {
        ck_assert_uint_lt(count, ARGUMENT_COUNT_MAX - 1);
        arguments[count++] = argument;
    }
}

struct daemon *
daemon_spawn(const char *argument, ...)
{
    const char *arguments[ARGUMENT_COUNT_MAX] = {NULL, argument};
    va_list rest;

    va_start(rest, argument);
    if (argument != NULL)
        collect(arguments, 2, rest);
    va_end(rest);
    return spawn("COLLECTORD", arguments);
}

struct daemon *
process_spawn(const char *variable, const char *argument, ...)
{
    const char *arguments[ARGUMENT_COUNT_MAX] = {NULL, argument};
    va_list rest;

    va_start(rest, argument);
    if (argument != NULL)
        collect(arguments, 2, rest);
    va_end(rest);
    return spawn(variable, arguments);
}

struct daemon *
daemon_start(const char *db, ...)
{
    const char *arguments[ARGUMENT_COUNT_MAX] = {NULL, "-db", db, "-addr",
                                                 "127.0.0.1:0"};
    struct daemon *daemon;
    va_list rest;

    va_start(rest, db);
    collect(arguments, 5, rest);
    va_end(rest);
    daemon = spawn("COLLECTORD", arguments);
    (void)daemon_port(daemon);
    return daemon;
}

int
daemon_port(struct daemon *daemon)
{
    static const char mark[] = "info listening on 127.0.0.1:";
    const char *line;
    int port = 0;

    ck_assert_msg(daemon_says(daemon, mark),
                  "it does not listen; its status is %d (%d: it runs):\n%s",
                  daemon_wait(daemon, 0), DAEMON_RUNNING,
                  daemon_stderr(daemon));
    /* The rest of the line may come in later than its beginning. */
    ck_assert_eventually((line = strstr(daemon_stderr(daemon), mark)) != NULL &&
                         strchr(line, '\n') != NULL);
    ck_assert_int_eq(sscanf(line + strlen(mark), "%d", &port), 1);
    return port;
}

pid_t
daemon_pid(const struct daemon *daemon)
{
    return daemon->pid;
}

static const char *
copy_output(struct daemon *daemon, const struct output *output)
{
    const char *text;

    (void)pthread_mutex_lock(&daemon->lock);
    text = support_format("%.*s", (int)output->size, output->text);
    (void)pthread_mutex_unlock(&daemon->lock);
    return text;
}

const char *
daemon_stderr(struct daemon *daemon)
{
    return copy_output(daemon, &daemon->err);
}

const char *
daemon_stdout(struct daemon *daemon)
{
    return copy_output(daemon, &daemon->out);
}

static bool
has_said(struct daemon *daemon, const char *text)
{
    bool found;

    (void)pthread_mutex_lock(&daemon->lock);
    found = strstr(daemon->err.text, text) != NULL;
    (void)pthread_mutex_unlock(&daemon->lock);
    return found;
}

bool
daemon_says(struct daemon *daemon, const char *text)
{
    int64_t deadline_ms = support_now_ms() + SUPPORT_WAIT_MS;

    while (!has_said(daemon, text)) {
        if (daemon_wait(daemon, 0) != DAEMON_RUNNING) {
            /* All that it wrote is there once its streams have ended. */
            (void)support_eventually(atomic_load(&daemon->output_ended),
                                     SUPPORT_WAIT_MS);
            return has_said(daemon, text);
        }
        if (support_now_ms() >= deadline_ms)
            return false;
        support_pause();
    }
    return true;
}

void
daemon_signal(struct daemon *daemon, int signal_number)
{
    if (!daemon->reaped)
        (void)kill(daemon->pid, signal_number);
}

static bool
reap(struct daemon *daemon)
{
    int status = 0;

    if (!daemon->reaped && waitpid(daemon->pid, &status, WNOHANG) > 0) {
        daemon->reaped = true;
        daemon->status =
            WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return daemon->reaped;
}

int
daemon_wait(struct daemon *daemon, int timeout_ms)
{
    return support_eventually(reap(daemon), timeout_ms) ? daemon->status
                                                        : DAEMON_RUNNING;
}

int
process_end(struct daemon *daemon)
{
    ck_assert_eventually(atomic_load(&daemon->output_ended));
    ck_assert_eventually(reap(daemon));
    return daemon->status;
}

void
daemon_assert_exits(struct daemon *daemon, int status)
{
    int actual = daemon_wait(daemon, SUPPORT_WAIT_MS);

    ck_assert_msg(actual == status, "it ended with %d instead of %d:\n%s",
                  actual, status, daemon_stderr(daemon));
}

void
daemon_kill(struct daemon *daemon)
{
    daemon_signal(daemon, SIGKILL);
    daemon_assert_exits(daemon, 128 + SIGKILL);
    daemon_free(daemon);
}

void
daemon_stop(struct daemon *daemon)
{
    daemon_signal(daemon, SIGTERM);
    daemon_assert_exits(daemon, 0);
    daemon_free(daemon);
}

void
daemon_free(struct daemon *daemon)
{
    if (daemon == NULL)
        return;
    daemon_signal(daemon, SIGKILL);
    ck_assert_eventually(reap(daemon));
    (void)pthread_join(daemon->thread, NULL);
    ck_assert_msg(!has_said(daemon, "Sanitizer") &&
                      !has_said(daemon, "runtime error:"),
                  "a sanitizer complained:\n%s", daemon_stderr(daemon));
    (void)close(daemon->out.fd);
    (void)close(daemon->err.fd);
    (void)pthread_mutex_destroy(&daemon->lock);
    free(daemon);
}
