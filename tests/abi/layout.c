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

/** A struct, a member, an enum or a value. */
struct item {
    /** How its line begins. */
    const char *name;
    /** -1 for what has none. */
    long offset;
    /** Of a value, its number. */
    long size;
};

#define STRUCT(name) {"struct " #name " size", -1, sizeof(struct name)},
#define MEMBER(type, name)                                                     \
    {"  ." #name " offset", offsetof(struct type, name),                       \
     sizeof(((struct type *)0)->name)},
#define ENUM(name) {"enum " #name " size", -1, sizeof(enum name)},
#define VALUE(name) {"  " #name, -1, (long)(name)},

static const struct item items[] = {
#include "list.h"
};

/** Read a line that says something; "" at the end. */
static void
read_line(FILE *file, char *line)
{
    do {
        line[0] = '\0';
        if (fgets(line, LINE_SIZE, file) == NULL)
            return;
    } while (line[0] == '#' || line[0] == '\n');
    line[strcspn(line, "\n")] = '\0';
}

/** Put an item into words. */
static void
write_line(const struct item *item, char *line)
{
    if (item->offset < 0)
        (void)snprintf(line, LINE_SIZE, "%s %ld", item->name, item->size);
    else
        (void)snprintf(line, LINE_SIZE, "%s %ld size %ld", item->name,
                       item->offset, item->size); /* is compared or seen */
}

/** Compare with what is written down; print without a file. Returns how many
 *  lines differ. */
static int
compare(FILE *file)
{
    char expected[LINE_SIZE];
    char line[LINE_SIZE] = "";
    int differences = 0;
    size_t i;

    for (i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
        write_line(&items[i], line);
        if (file == NULL) {
            (void)puts(line);
            continue;
        }
        read_line(file, expected);
        if (strcmp(line, expected) != 0) {
            (void)printf("-%s\n+%s\n", expected, line);
            differences++;
        }
    }
    if (file != NULL)
        read_line(file, line);
    if (file != NULL && line[0] != '\0') {
        (void)printf("-%s\n", line);
        differences++;
    }
    return differences;
}

int
main(int argc, char **argv)
{
    FILE *file = argc > 1 ? fopen(argv[1], "r") : NULL;
    int differences;

    if (argc > 1 && file == NULL) {
        perror(argv[1]);
        return EXIT_FAILURE;
    }
    differences = compare(file);
    if (file != NULL)
        (void)fclose(file); /* it was only read */
    return differences == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
