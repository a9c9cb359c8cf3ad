/* SPDX-License-Identifier: MIT */
/*
 * The layout of every public struct and the number of every enum's value are
 * as they are written down. Without a file to compare with, they are printed.
 *
 * usage: layout [FILE]
 */
#include <collector/collector.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SIZE 128

static FILE *written_down;
static int differences;

/** Read a line that says something; "" at the end. */
static void
read_line(char *line)
{
    do {
        line[0] = '\0';
        if (fgets(line, LINE_SIZE, written_down) == NULL)
            return;
    } while (line[0] == '#' || line[0] == '\n');
    line[strcspn(line, "\n")] = '\0';
}

static void
say(const char *line)
{
    char expected[LINE_SIZE];

    if (written_down == NULL) {
        (void)puts(line);
        return;
    }
    read_line(expected);
    if (strcmp(line, expected) != 0) {
        (void)printf("-%s\n+%s\n", expected, line);
        differences++;
    }
}

/** Say a name and up to two numbers, in the words of a format. */
#define SAY(...)                                                               \
    do {                                                                       \
        char line_[LINE_SIZE];                                                 \
        (void)snprintf(line_, sizeof(line_), __VA_ARGS__); /* is compared */   \
        say(line_);                                                            \
    } while (0);

#define STRUCT(name) SAY("struct " #name " size %zu", sizeof(struct name))
#define MEMBER(type, name)                                                     \
    SAY("  ." #name " offset %zu size %zu", offsetof(struct type, name),       \
        sizeof(((struct type *)0)->name))
#define ENUM(name) SAY("enum " #name " size %zu", sizeof(enum name))
#define VALUE(name) SAY("  " #name " %d", (int)name)

static void
say_structs(void)
{
#include "list.h"
}

int
main(int argc, char **argv)
{
    char rest[LINE_SIZE] = "";

    if (argc > 1) {
        written_down = fopen(argv[1], "r");
        if (written_down == NULL) {
            perror(argv[1]);
            return EXIT_FAILURE;
        }
    }
    say_structs();
    if (written_down != NULL) {
        read_line(rest);
        (void)fclose(written_down); /* it was only read */
    }
    if (rest[0] != '\0') {
        (void)printf("-%s\n", rest);
        differences++;
    }
    return differences == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
