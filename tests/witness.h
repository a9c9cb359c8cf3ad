/* SPDX-License-Identifier: MIT */
#ifndef WITNESS_H
#define WITNESS_H

/*
 * What is known of each event, by its id, from whoever had to do with it: the
 * producer that got a receipt, the file, the receiver. All of them have to say
 * the same for ever. Any thread may say something.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** More events than any test has. */
#define WITNESS_EVENT_COUNT_MAX (4 * 1024 * 1024)

/** Bytes of a payload and of a device's name, with their NULs. */
#define WITNESS_TEXT_SIZE 80

/** Who says it. */
enum witness_source {
    /** A producer has the receipt. */
    WITNESS_CONFIRMED,
    WITNESS_STORED,
    /** The receiver was shown it, and took it. */
    WITNESS_OFFERED,
    WITNESS_DELIVERED,
    WITNESS_SOURCE_COUNT
};

struct witness {
    pthread_mutex_t lock;
    /** By id: producer and serial number; 0 when nothing is known. */
    uint64_t *contents;
    /** By id: a bit a source. */
    unsigned char *sources;
    uint64_t counts[WITNESS_SOURCE_COUNT];
    /** The highest that anybody has said something of. */
    int64_t last_id;
};

/** Know nothing yet; there is room for all that is said. */
void
witness_init(struct witness *witness);

void
witness_free(struct witness *witness);

/** Whether a receiver that is hard to please refuses this event for good; its
 *  payload says so too. */
bool
witness_is_bad(unsigned serial);

/** The event's content: a device's name and a payload, unlike any other. Both
 *  texts have WITNESS_TEXT_SIZE. */
void
witness_content(unsigned producer, unsigned serial, char *device_id,
                char *payload);

/** Write a request's body: so many events of a producer, as a JSON array. */
void
witness_write_events(unsigned producer, unsigned serial, unsigned count,
                     char *text, size_t size_max);

/** Say that an event has this id. Fails the test when somebody has said that
 *  the id is another event's. */
void
witness_say(struct witness *witness, enum witness_source source, int64_t id,
            unsigned producer, unsigned serial);

/** The same of an event as it was found, which must be byte for byte as it was
 *  made. */
void
witness_say_found(struct witness *witness, enum witness_source source,
                  int64_t id, const char *device_id, const char *kind,
                  const char *payload);

/** Whether that source has said something of this event. */
bool
witness_has(const struct witness *witness, enum witness_source source,
            int64_t id);

/** Whether this event is known to be one that is refused. */
bool
witness_has_bad(const struct witness *witness, int64_t id);

/** Have the file say what it holds. Fails the test when an event is in it
 *  twice. */
void
witness_read_file(struct witness *witness, const char *path);

/** Have a file of NDJSON say what was delivered: each line whole, and in order,
 *  apart from what was sent again; but for a piece of a line at the end. */
void
witness_read_lines(struct witness *witness, const char *path);

/** The id in the last line of such a file that was written whole; 0 for none.
 */
int64_t
witness_last_line_id(const char *path);

#endif
