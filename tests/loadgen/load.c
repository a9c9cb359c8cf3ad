/* SPDX-License-Identifier: MIT */
/* A load is shared by a few threads: one a connection would cost the collector
 * more by what it takes of the processors than by what it sends. */
#include "load.h"

#include "clock.h"
#include "descriptors.h"
#include "io_thread.h"
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Beside the connections: streams, files, and what a library may open. */
#define OTHER_DESCRIPTORS 64

struct load {
    const char *role;
    uint64_t started_at_ns;
    uint64_t elapsed_ns;
    struct tally tally;
    unsigned thread_count;
    struct io_thread *threads[LOAD_THREADS_MAX];
};

static unsigned
choose_thread_count(unsigned producer_count)
{
    const long cpu_count = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned count = LOAD_THREADS_MAX;

    if (cpu_count >= 1 && cpu_count < LOAD_THREADS_MAX)
        count = (unsigned)cpu_count;
    return producer_count < count ? producer_count : count;
}

static bool
allow_descriptors(const char *role, unsigned producer_count)
{
    uint64_t allowed;

    if (descriptors_allow(producer_count + OTHER_DESCRIPTORS, &allowed))
        return true;
    (void)fprintf(stderr,
                  "loadgen: %s: %" PRIu64 " open files are too few for %u "
                  "connections\n",
                  role, allowed, producer_count);
    return false;
}

struct load *
load_new(const char *role, const struct address *address,
         const struct producer_options *options, unsigned producer_count)
{
    struct load *load = NULL;
    unsigned first = 0;
    unsigned i;

    if (!allow_descriptors(role, producer_count))
        return NULL;
    load = calloc(1, sizeof(*load));
    if (load == NULL)
        goto out;
    load->role = role;
    load->thread_count = choose_thread_count(producer_count);
    for (i = 0; i < load->thread_count; i++) {
        const unsigned count =
            (producer_count - first) / (load->thread_count - i);

        load->threads[i] = io_thread_new(address, options, first, count);
        if (load->threads[i] == NULL)
            goto out;
        first += count;
    }
    return load;
out:
    (void)fprintf(stderr, "loadgen: %s: out of memory\n", role);
    load_free(load);
    return NULL;
}

static uint64_t
count_accepted(const struct load *load)
{
    uint64_t accepted = 0;
    unsigned i;

    for (i = 0; i < load->thread_count; i++)
        accepted += io_thread_accepted(load->threads[i]);
    return accepted;
}

/** Wait for a thread, and say once a second how far it all is. */
static void
wait_for(struct load *load, struct io_thread *io)
{
    uint64_t before = count_accepted(load);
    uint64_t before_ns = clock_now_ns();
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until); /* it is always there */
    until.tv_sec++;
    while (!io_thread_join(io, &until)) {
        const uint64_t now_ns = clock_now_ns();
        const uint64_t accepted = count_accepted(load);

        progress_say("%s: %.0f s, %" PRIu64 " events accepted, %.0f/s",
                     load->role, (double)(now_ns - load->started_at_ns) / 1e9,
                     accepted,
                     clock_rate(accepted - before, now_ns - before_ns));
        before = accepted;
        before_ns = now_ns;
        until.tv_sec++;
    }
}

static void
add_elapsed(struct load *load, uint64_t end_ns)
{
    unsigned i;

    for (i = 0; i < load->thread_count; i++) {
        const struct tally *tally = io_thread_tally(load->threads[i]);

        if (tally->answered_at_ns > end_ns)
            end_ns = tally->answered_at_ns;
    }
    load->elapsed_ns += end_ns - load->started_at_ns;
}

int
load_run(struct load *load, uint64_t duration_ms)
{
    unsigned started = 0;
    uint64_t end_ns;
    unsigned i;

    load->started_at_ns = clock_now_ns();
    end_ns = load->started_at_ns + duration_ms * UINT64_C(1000000);
    while (started < load->thread_count &&
           io_thread_start(load->threads[started], end_ns) == 0)
        started++;
    for (i = 0; i < started; i++)
        wait_for(load, load->threads[i]);
    progress_clear();
    add_elapsed(load, end_ns);
    if (started == load->thread_count)
        return 0;
    (void)fprintf(stderr, "loadgen: %s: can't start a thread\n", load->role);
    return -1;
}

uint64_t
load_elapsed_ns(const struct load *load)
{
    return load->elapsed_ns;
}

struct tally *
load_tally(struct load *load)
{
    unsigned i;

    for (i = 0; i < load->thread_count; i++)
        tally_move(io_thread_tally(load->threads[i]), &load->tally);
    return &load->tally;
}

void
load_free(struct load *load)
{
    unsigned i;

    if (load == NULL)
        return;
    for (i = 0; i < load->thread_count; i++)
        io_thread_free(load->threads[i]);
    tally_release(&load->tally);
    free(load);
}
