/* SPDX-License-Identifier: MIT */
/*
 * What a statement unfolds to is counted before SQLite compiles it, which would
 * take gigabytes; however its names are written, and also where SQLite and who
 * counts would read it in two ways.
 */
#include "harness.h"
#include "reading.h"

static struct harness harness;
static struct collector_reader *reader;

static void
setup(void)
{
    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_close(&harness);
    reader = reading_open(harness.path);
}

static void
teardown(void)
{
    collector_reader_free(reader);
    harness_close(&harness);
}

/** Assert that something is refused, with a reason. */
static void
assert_refused(const char *sql)
{
    const struct reading reading = reading_query(reader, sql);

    ck_assert_msg(reading.rc == COLLECTOR_ERR_INVALID, "%s: %s", sql,
                  collector_error_text(reading.rc));
    ck_assert_msg(reading.answer.problem[0] != '\0', "%s", sql);
    ck_assert_str_eq(reading.text, "");
}

/** Names that stand for two of the one before, written in any way. */
static const char *
unfolding(int count, const char *quotes)
{
    const char *sql = "WITH n0(x) AS (SELECT 1)";
    int i;

    for (i = 1; i <= count; i++)
        sql = support_format("%s, n%d (x) AS /* a name */ %s(SELECT a.x FROM"
                             " %cn%d%c a, %cN%d%c b)",
                             sql, i, i % 2 == 0 ? "NOT MATERIALIZED " : "",
                             quotes[0], i - 1, quotes[1], quotes[0], i - 1,
                             quotes[1]);
    return support_format("%s SELECT count(*) FROM n%d", sql, count);
}

/** SQLite would take gigabytes to compile it. */
START_TEST(test_what_unfolds_to_too_much_is_refused)
{
    static const char *const quotes[] = {"  ", "\"\"", "[]", "``", "''"};
    const char *problem = "it is too complicated: its names stand for too much";
    size_t i;

    for (i = 0; i < sizeof(quotes) / sizeof(quotes[0]); i++) {
        ck_assert_str_eq(reading_query(reader, unfolding(6, quotes[i])).text,
                         "1\n");
        ck_assert_str_eq(
            reading_query(reader, unfolding(40, quotes[i])).answer.problem,
            problem);
    }
    /* In one another, or behind a comment that does not end. */
    ck_assert_str_eq(
        reading_query(reader, support_format("WITH z AS (%s) SELECT * FROM z",
                                             unfolding(40, "  ")))
            .answer.problem,
        problem);
    ck_assert_str_eq(
        reading_query(reader, support_format("%s /* '", unfolding(40, "  ")))
            .answer.problem,
        problem);
    /* A name in which somebody could hide one. */
    assert_refused("WITH \"n\"\"0\" AS (SELECT 1) SELECT * FROM \"n\"\"0\"");
    assert_refused(support_format("WITH %s a AS (SELECT 1) SELECT * FROM a",
                                  support_repeat("a AS (SELECT 1), ", 2)));
    ck_assert_ok(reading_query(reader, "SELECT * FROM events a, events b,"
                                       " devices c, ledger d, backlog e")
                     .rc);
    ck_assert_ok(reading_query(reader,
                               "WITH a(x) AS (SELECT 'it''s \"(\" AS (')"
                               " SELECT x, 'a' AS a FROM a")
                     .rc);
}
END_TEST

/** What stands on both sides of a number in a name. */
struct sides {
    const char *left;
    const char *right;
};

static const char *
numbered(const struct sides *sides, int number)
{
    return support_format("%s%d%s", sides->left, number, sides->right);
}

/** A chain of names, each of which stands for two of the one before: what the
 *  first is, and how one is written where it is given, and where it is used. */
static const char *
chain(const char *first, const struct sides *given, const struct sides *used)
{
    const char *sql =
        support_format("WITH %s AS (%s)", numbered(given, 0), first);
    const char *name;
    int i;

    for (i = 1; i <= 30; i++) {
        name = numbered(used, i - 1);
        sql = support_format("%s, %s AS (SELECT 1 AS x FROM %s a, %s b)", sql,
                             numbered(given, i), name, name);
    }
    return support_format("%s SELECT count(*) FROM %s", sql, name);
}

#define MARK "\xef\xbb\xbf"
#define PLAIN                                                                  \
    {                                                                          \
        "a", ""                                                                \
    }

static const struct {
    const char *first;
    struct sides given;
    struct sides used;
} ways[] = {
    {"SELECT 1", PLAIN, {MARK "a", ""}},
    {"SELECT 1", PLAIN, {"(SELECT 1) x, " MARK "a", ""}},
    {"SELECT $y(() AS x", PLAIN, PLAIN},
    {"SELECT $y(') AS x", PLAIN, PLAIN},
    {"SELECT @y(') AS x", PLAIN, PLAIN},
    {"SELECT :y(() AS x", PLAIN, PLAIN},
    {"SELECT #y(() AS x", PLAIN, PLAIN},
    {"SELECT ?1$y(') AS x", PLAIN, PLAIN},
    {"SELECT $y::z(') AS x", PLAIN, PLAIN},
    {"SELECT $y::(') AS x", PLAIN, PLAIN},
    {"SELECT 1", {"'q''a", "'"}, {"\"q'a", "\""}},
    {"SELECT 1", {"\"q'a", "\""}, {"'q''a", "'"}},
    {"SELECT 1", {"'q''a", "' (x)"}, {"[q'a", "]"}},
};
/** Which is why they would not be counted. */
START_TEST(test_what_sqlite_reads_in_another_way_is_refused)
{
    const struct reading reading = reading_query(
        reader, chain(ways[_i].first, &ways[_i].given, &ways[_i].used));

    ck_assert_str_eq(reading.answer.problem,
                     "it is too complicated: its names stand for too much");
}
END_TEST

/** Where it is not the first of some white space, it is some. */
START_TEST(test_vertical_tabulator_is_refused)
{
    assert_refused("WITH a AS \v(SELECT 1 AS x) SELECT * FROM a");
}
END_TEST

START_TEST(test_what_sqlite_reads_alike_is_run)
{
    ck_assert_str_eq(reading_query(reader, "SELECT 'it''s' AS a, '(''(' AS b"
                                           " -- \v " MARK " $y(\n")
                         .text,
                     "it's|('(\n");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("reader_weight");
    TCase *tcase = support_add_case(suite, "weight", setup, teardown);

    tcase_add_test(tcase, test_what_unfolds_to_too_much_is_refused);
    tcase_add_loop_test(tcase, test_what_sqlite_reads_in_another_way_is_refused,
                        0, sizeof(ways) / sizeof(ways[0]));
    tcase_add_test(tcase, test_vertical_tabulator_is_refused);
    tcase_add_test(tcase, test_what_sqlite_reads_alike_is_run);
    return support_run_suite(suite);
}
