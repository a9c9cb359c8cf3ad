/* SPDX-License-Identifier: MIT */
#include "terminal.h"

#include "support.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define ARGUMENT_COUNT_MAX 16

/** More than any test shows. */
#define SHOWN_SIZE_MAX (256 * 1024)

static void
set(const char *name, const char *value)
{
    if (value != NULL)
        (void)setenv(name, value, 1);
    else
        (void)unsetenv(name);
}

static void
run_child(const struct terminal *terminal, const char *program,
          const char *const *arguments)
{
    const char *all[ARGUMENT_COUNT_MAX + 2] = {program};
    size_t i;

    for (i = 0; i < ARGUMENT_COUNT_MAX && arguments[i] != NULL; i++)
        all[i + 1] = arguments[i];
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    set("TERM", terminal->term);
    set("NO_COLOR", terminal->no_color);
    (void)execv(program, (char *const *)all);
    _exit(127);
}

/** Until nobody has the other side any more. */
static const char *
read_all(int fd)
{
    const int64_t deadline_ms = support_now_ms() + SUPPORT_WAIT_MS;
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    char *shown = support_alloc(SHOWN_SIZE_MAX + 1);
    size_t size = 0;
    ssize_t got = 1;

    while (got > 0) {
        const int64_t left_ms = deadline_ms - support_now_ms();

        ck_assert_msg(left_ms > 0 && poll(&poller, 1, (int)left_ms) == 1,
                      "it does not end:\n%s", shown);
        got = read(fd, shown + size, SHOWN_SIZE_MAX - size);
        size += got > 0 ? (size_t)got : 0;
    } /* a terminal that nobody has is EIO */
    return shown;
}

const char *
terminal_run(const struct terminal *terminal, const char *variable,
             const char *const *arguments)
{
    const struct winsize size = {.ws_row = 24, .ws_col = terminal->columns};
    const char *program = getenv(variable);
    struct termios raw = {.c_cflag = CS8 | CREAD};
    const char *shown;
    int status;
    int fd;
    pid_t pid;

    ck_assert_msg(program != NULL, "%s does not name the program", variable);
    pid = forkpty(&fd, NULL, &raw, &size);
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        run_child(terminal, program, arguments);
    shown = read_all(fd);
    (void)close(fd);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
                  "it ended with %d:\n%s", status, shown);
    return shown;
}
