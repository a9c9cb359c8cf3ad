/* SPDX-License-Identifier: MIT */
/*
 * A 200 is a receipt, also when the process is killed a moment later: whatever
 * was confirmed is in the file with its content and reaches the receiver, each
 * event has one id and each id one content for ever, and the ledger adds up.
 *
 * Producers post for as long as a collector lives, and note what it confirmed;
 * it is killed at random moments, also while it starts or stops, and started
 * again. Then the notes, the file and what the receiver got are compared.
 */
#include "account.h"
#include "client.h"
#include "process.h"
#include "support.h"
#include "upstream.h"
#include "witness.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define PRODUCER_COUNT 4
#define BATCH_COUNT_MAX 8
#define BODY_SIZE_MAX 4096

/** How long a collector lives at most; every second one only a tenth. */
#define LIFE_MS 300

/** How long a start or a stop goes on at most before the kill. */
#define START_MS 40
#define STOP_MS 20

/** Every so many answers the upstream misbehaves. */
#define MISHAP_EVERY 37

/** How long the last collector may take to deliver what is left, with outages
 *  that are made on purpose. */
#define DRAIN_WAIT_MS 600000

/** What is different about a run. */
struct scenario {
    const char *name;
    const char *mode;
    /** Requests have a key, and are repeated until there is an answer. */
    bool keyed;
    /** Deliveries go to a file. */
    bool to_file;
    /** Some events are refused for good. */
    bool picky;
    /** There is room for few events, so that some are dropped and the rest are
     *  pruned. */
    bool narrow;
    const char *more[6];
};

static const struct scenario scenarios[] = {
    {.name = "group", .mode = "group"},
    {.name = "concurrent", .mode = "concurrent"},
    {.name = "serialized", .mode = "serialized"},
    {.name = "file, keys", .mode = "group", .keyed = true, .to_file = true},
    {.name = "file, keys, concurrent",
     .mode = "concurrent",
     .keyed = true,
     .to_file = true,
     .more = {"-flaky-every", "20"}},
    {.name = "poison, outages",
     .mode = "group",
     .picky = true,
     .more = {"-flaky-every", "40"}},
    {.name = "narrow",
     .mode = "group",
     .narrow = true,
     .more = {"-max-size", "1MiB", "-overflow", "drop-oldest", "-retain",
              "500ms"}},
};

/** Those at the head that are one a mode. */
#define MODE_COUNT 3
#define SCENARIO_COUNT (sizeof(scenarios) / sizeof(scenarios[0]))

struct producer {
    pthread_t thread;
    unsigned number;
    unsigned seed;
    /** Serial number of the next event, and how many the last request had; 0
     *  when there was an answer to it. */
    unsigned serial;
    unsigned unanswered;
};

static const struct scenario *scenario;
static const char *db;
static const char *lines;
static struct upstream *upstream;
static struct witness witness;
static _Atomic int current_port;
static _Atomic bool finished;

static bool
post(const struct producer *producer, struct client *client, unsigned count)
{
    char body[BODY_SIZE_MAX];
    char key[64] = "";

    witness_write_events(producer->number, producer->serial, count, body,
                         sizeof(body));
    if (scenario->keyed)
        (void)snprintf(key, sizeof(key), "Idempotency-Key: %u-%u\r\n",
                       producer->number, producer->serial); /* it fits */
    return client_print(client,
                        "POST /events HTTP/1.1\r\nHost: x\r\n%s"
                        "Content-Length: %zu\r\n\r\n%s",
                        key, strlen(body), body);
}

static void
note_confirmation(const struct producer *producer, unsigned count,
                  const struct response *response)
{
    const char *next = strchr(response->body, '[');
    unsigned i;

    ck_assert_msg(response->status == 200 && next != NULL,
                  "unexpected answer %d: %s", response->status, response->body);
    for (i = 0; i < count; i++) {
        char *end = NULL;
        const int64_t id = strtoll(next + 1, &end, 10);

        ck_assert_int_eq(*end, i + 1 < count ? ',' : ']');
        witness_say(&witness, WITNESS_CONFIRMED, id, producer->number,
                    producer->serial + i);
        next = end;
    }
}

/** How many events to post next: again those to which there was no answer. */
static unsigned
draw_count(struct producer *producer)
{
    if (scenario->keyed && producer->unanswered > 0)
        return producer->unanswered;
    if (rand_r(&producer->seed) % 4 > 0)
        return 1;
    return 2 + (unsigned)rand_r(&producer->seed) % BATCH_COUNT_MAX;
}

/** Post on one connection until it breaks, or the collector stops. */
static void
produce(struct producer *producer, struct client *client,
        struct response *response)
{
    while (!atomic_load(&finished)) {
        const unsigned count = draw_count(producer);

        producer->unanswered = count;
        if (!post(producer, client, count) || !client_read(client, response) ||
            response->status == 503)
            return;
        note_confirmation(producer, count, response);
        producer->serial += count;
        producer->unanswered = 0;
    }
}

static void *
run_producer(void *userdata)
{
    struct producer *producer = userdata;
    struct response *response = support_alloc(sizeof(*response));

    while (!atomic_load(&finished)) {
        struct client *client = client_new(atomic_load(&current_port));

        if (client == NULL) {
            support_pause();
            continue;
        }
        produce(producer, client, response);
        /* What was on its way may be stored or not: without a key it is never
         * sent again. */
        if (!scenario->keyed)
            producer->serial += producer->unanswered;
        client_free(client);
    }
    return NULL;
}

static struct daemon *
spawn(void)
{
    return daemon_spawn(
        "-db", db, "-addr", "127.0.0.1:0", "-mode", scenario->mode,
        "-upload-interval", "5ms", "-max-backlog",
        scenario->narrow ? "500" : "0", "-sink",
        scenario->to_file ? "file" : "webhook",
        scenario->to_file ? "-file-path" : "-webhook-url",
        scenario->to_file ? lines : upstream_url(upstream, "/in"),
        scenario->more[0], scenario->more[1], scenario->more[2],
        scenario->more[3], scenario->more[4], scenario->more[5], NULL);
}

static struct daemon *
start(void)
{
    struct daemon *collectord = spawn();

    atomic_store(&current_port, daemon_port(collectord));
    return collectord;
}

/** Let it be for a random moment: nothing is waited for. */
static void
let_be(unsigned *seed, int ms_max)
{
    (void)support_eventually(false, rand_r(seed) % ms_max);
}

static void
kill_early(unsigned *seed)
{
    struct daemon *collectord = spawn();

    let_be(seed, START_MS);
    daemon_kill(collectord);
}

/** Kill it in its stop, unless that is faster. */
static void
kill_late(struct daemon *collectord, unsigned *seed)
{
    int status;

    daemon_signal(collectord, SIGTERM);
    let_be(seed, STOP_MS);
    daemon_signal(collectord, SIGKILL);
    status = daemon_wait(collectord, SUPPORT_WAIT_MS);
    ck_assert_msg(status == 0 || status == 128 + SIGKILL,
                  "it ended with %d:\n%s", status, daemon_stderr(collectord));
    daemon_free(collectord);
}

/** What is marked was delivered before. */
static void
check_order_of_marks(void)
{
    if (scenario->to_file && support_file_size(db) > 0)
        ck_assert_int_le(
            support_sql_int(db, "SELECT settled_through FROM state"),
            witness_last_line_id(lines));
}

/** Leave half a line behind, as a power cut may: a kill does not. */
static void
tear_last_line(void)
{
    FILE *file = fopen(lines, "ae");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs("{\"id\":1,\"device_id\":\"dev", file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void
live_and_die(uint64_t number, unsigned *seed)
{
    const int kind = rand_r(seed) % 6;
    struct daemon *collectord;

    if (kind == 0) {
        kill_early(seed);
        return;
    }
    if (scenario->narrow)
        upstream_set_default(
            upstream,
            (struct upstream_answer){.status = number % 2 == 0 ? 503 : 200});
    collectord = start();
    let_be(seed, number % 2 == 0 ? LIFE_MS : LIFE_MS / 10);
    /* Its port may be somebody else's in a moment. */
    atomic_store(&current_port, 0);
    if (kind == 1)
        kill_late(collectord, seed);
    else
        daemon_kill(collectord);
    if (number > 0)
        check_order_of_marks();
    if (scenario->to_file && number % 3 == 0)
        tear_last_line();
}

/** Whether every producer had a receipt, and what is promised about a narrow
 *  file was put to the test. */
static bool
has_seen_enough(int64_t accepted_min)
{
    return support_sql_int(db, "SELECT count(*) FROM devices") ==
               PRODUCER_COUNT &&
           support_sql_int(db, "SELECT accepted FROM ledger") > accepted_min &&
           (!scenario->narrow ||
            support_sql_int(db, "SELECT dropped FROM ledger") > 0);
}

/** Returns the collector that lives on. */
static struct daemon *
run_load(uint64_t kill_count, unsigned *seed)
{
    static struct producer producers[PRODUCER_COUNT];
    struct daemon *collectord;
    uint64_t number;
    unsigned i;

    for (i = 0; i < PRODUCER_COUNT; i++) {
        producers[i] =
            (struct producer){.number = i, .seed = (unsigned)rand_r(seed)};
        ck_assert_int_eq(pthread_create(&producers[i].thread, NULL,
                                        run_producer, &producers[i]),
                         0);
    }
    for (number = 0; number < kill_count; number++)
        live_and_die(number, seed);
    upstream_set_default(upstream, (struct upstream_answer){
                                       .status = scenario->narrow ? 503 : 200});
    collectord = start();
    ck_assert_eventually(has_seen_enough((int64_t)kill_count));
    atomic_store(&finished, true);
    for (i = 0; i < PRODUCER_COUNT; i++)
        ck_assert_int_eq(pthread_join(producers[i].thread, NULL), 0);
    upstream_set_default(upstream, (struct upstream_answer){0});
    return collectord;
}

static struct upstream_answer
refuse_bad(void *userdata, const struct upstream_request *request)
{
    const bool bad = strstr(request->body, "\"bad\"") != NULL;

    (void)userdata;
    return (struct upstream_answer){.status = bad ? 422 : 200};
}

static void
misbehave_now_and_then(void)
{
    int i;

    for (i = 1; i <= 12 * MISHAP_EVERY; i++) {
        struct upstream_answer answer = {0};

        if (i % MISHAP_EVERY == 0)
            answer.trick = i / MISHAP_EVERY % 2 ? UPSTREAM_CUT : UPSTREAM_CLOSE;
        if (i % MISHAP_EVERY == 7)
            answer.status = 503;
        upstream_script(upstream, answer);
    }
}

static void
note_arrival(void *userdata, const struct upstream_request *request,
             const struct upstream_event *event)
{
    const char *collector_id = userdata;

    ck_assert_str_eq(upstream_header(request, "X-Collector-Id"), collector_id);
    witness_say_found(
        &witness, request->status == 200 ? WITNESS_DELIVERED : WITNESS_OFFERED,
        event->id, event->device_id, event->kind, event->payload);
}

static void
hear_receiver(void)
{
    const char *collector_id =
        support_sql_text(db, "SELECT collector_id FROM state");

    if (scenario->to_file) {
        witness_read_lines(&witness, lines);
        return;
    }
    upstream_each_event(upstream, note_arrival, (void *)collector_id);
    if (!scenario->picky && !scenario->narrow) /* there are no gaps */
        ck_assert_int_eq(upstream_confirmed_id(upstream),
                         support_sql_int(db, "SELECT accepted FROM ledger"));
}

/** Where nothing is dropped, every event is there, and was delivered or, if it
 *  is bad and somebody minds, is a dead letter. */
static void
check_each(int64_t accepted)
{
    int64_t id;

    for (id = 1; id <= accepted; id++) {
        const bool bad = scenario->picky && witness_has_bad(&witness, id);

        ck_assert_msg(witness_has(&witness, WITNESS_STORED, id),
                      "event %jd was lost", (intmax_t)id);
        ck_assert_msg(witness_has(&witness, WITNESS_DELIVERED, id) == !bad,
                      "event %jd was %sdelivered", (intmax_t)id,
                      bad ? "" : "not ");
    }
    ck_assert_int_eq(
        support_sql_int(db, "SELECT dead - (SELECT count(*) FROM dead_letters"
                            " d JOIN event_log e ON e.id = d.event_id WHERE"
                            " payload_json LIKE '%bad%') FROM ledger"),
        0);
    ck_assert_int_eq(support_sql_int(db, "SELECT dropped FROM ledger"), 0);
    account_assert(db);
}

/** Where there is little room, what was confirmed was delivered, or counted as
 *  dropped. */
static void
check_narrow(int64_t accepted)
{
    const int64_t dropped = support_sql_int(db, "SELECT dropped FROM ledger");
    int64_t missing = 0;
    int64_t id;

    for (id = 1; id <= accepted; id++)
        missing += witness_has(&witness, WITNESS_CONFIRMED, id) &&
                   !witness_has(&witness, WITNESS_DELIVERED, id);
    ck_assert_int_le(missing, dropped);
    ck_assert_int_lt(support_sql_int(db, "SELECT count(*) FROM event_log"),
                     accepted);
    account_assert_kept(db);
}

static void
check_all(void)
{
    const int64_t accepted = support_sql_int(db, "SELECT accepted FROM ledger");

    ck_assert_msg(witness.last_id <= accepted, "event %jd was lost",
                  (intmax_t)witness.last_id);
    if (scenario->narrow)
        check_narrow(accepted);
    else
        check_each(accepted);
}

static void
set_up(void)
{
    const char *dir = support_dir_new();

    db = support_path(dir, "events.sqlite");
    lines = support_path(dir, "out.ndjson");
    witness_init(&witness);
    upstream = upstream_new();
    if (scenario->picky)
        upstream_set_judge(upstream, refuse_bad, NULL);
    else if (!scenario->narrow)
        misbehave_now_and_then();
}

START_TEST(test_confirmed_events_survive_being_killed)
{
    const uint64_t kill_count =
        support_rounds("KILL_ROUNDS", _i < MODE_COUNT ? 10 : 3, 200);
    unsigned seed = support_seed();
    struct daemon *collectord;

    scenario = &scenarios[_i];
    set_up();
    collectord = run_load(kill_count, &seed);
    ck_assert(support_eventually(
        support_sql_int(db, "SELECT pending FROM ledger") == 0, DRAIN_WAIT_MS));
    daemon_stop(collectord);

    witness_read_file(&witness, db);
    hear_receiver();
    ck_assert_uint_gt(witness.counts[WITNESS_CONFIRMED], 0);
    check_all();
    (void)printf("%s: %ju kills, %ju confirmed, %ju stored, %ju delivered\n",
                 scenario->name, (uintmax_t)kill_count,
                 (uintmax_t)witness.counts[WITNESS_CONFIRMED],
                 (uintmax_t)witness.counts[WITNESS_STORED],
                 (uintmax_t)witness.counts[WITNESS_DELIVERED]);
    (void)fflush(stdout);
    upstream_free(upstream);
    witness_free(&witness);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("daemon_kill");
    TCase *tcase = tcase_create("kill");

    tcase_set_timeout(tcase, 3600);
    tcase_add_loop_test(tcase, test_confirmed_events_survive_being_killed, 0,
                        SCENARIO_COUNT);
    suite_add_tcase(suite, tcase);
    return support_run_suite(suite);
}
