/* SPDX-License-Identifier: MIT */
/* What is on the other side of standard output. */
#include "screen.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static size_t
width_of(int fd)
{
    struct winsize size;

    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return SCREEN_WIDTH_DEFAULT;
}

static bool
wants_colours(void)
{
    const char *refused = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    return (refused == NULL || *refused == '\0') && term != NULL &&
           *term != '\0' && strcmp(term, "dumb") != 0;
}

void
screen_look(FILE *out, struct screen *ret_screen)
{
    const int fd = fileno(out);
    const bool is_terminal = isatty(fd) == 1;

    *ret_screen = (struct screen){
        .out = out,
        .is_terminal = is_terminal,
        .has_colours = is_terminal && wants_colours(),
        .width = is_terminal ? width_of(fd) : 0,
    };
}

void
screen_style(const struct screen *screen, enum screen_style style)
{
    static const char *const codes[] = {
        [SCREEN_PLAIN] = "0", [SCREEN_HEAD] = "1",   [SCREEN_FAINT] = "2",
        [SCREEN_GOOD] = "32", [SCREEN_BAD] = "1;31",
    };

    if (screen->has_colours)
        (void)fprintf(screen->out, "\033[%sm", codes[style]);
}
