/* SPDX-License-Identifier: MIT */
/*
 * Who was seen in a run of events promises to know the whole run or to say that
 * it doesn't: each device once, in the order of its first event, with its
 * largest timestamp.
 */
#include "seen.h"
#include "support.h"

static int
write_down(void *userdata, const char *device_id, int64_t ts)
{
    const char **text = userdata;

    *text = support_format("%s%s=%lld ", *text, device_id, (long long)ts);
    return COLLECTOR_OK;
}

static const char *
all_of(const struct collector__seen *seen)
{
    const char *text = "";

    ck_assert_ok(collector__seen_each(seen, write_down, &text));
    return text;
}

START_TEST(test_each_device_is_known_once_with_its_latest)
{
    struct collector__seen seen = {.last_seen = NULL};

    collector__seen_note(&seen, 5, "b", 30);
    collector__seen_note(&seen, 6, "a", 10);
    collector__seen_note(&seen, 7, "b", 20);
    collector__seen_note(&seen, 8, "a", 40);
    ck_assert_str_eq(all_of(&seen), "b=30 a=40 ");
    ck_assert(collector__seen_is_of(&seen, 5, 8));
    collector__seen_forget(&seen);
}
END_TEST

START_TEST(test_nothing_is_known_at_first_and_once_forgotten)
{
    struct collector__seen seen = {.last_seen = NULL};

    ck_assert(!collector__seen_is_of(&seen, 0, 0));
    ck_assert(!collector__seen_is_of(&seen, 1, 0));
    ck_assert_str_eq(all_of(&seen), "");
    collector__seen_note(&seen, 1, "a", 1);
    collector__seen_forget(&seen);
    ck_assert(!collector__seen_is_of(&seen, 1, 1));
    ck_assert_str_eq(all_of(&seen), "");
    collector__seen_forget(&seen);
}
END_TEST

START_TEST(test_only_the_whole_run_counts)
{
    struct collector__seen seen = {.last_seen = NULL};

    collector__seen_note(&seen, 1, "a", 1);
    collector__seen_note(&seen, 2, "b", 2);
    ck_assert(!collector__seen_is_of(&seen, 1, 1));
    ck_assert(!collector__seen_is_of(&seen, 2, 2));
    ck_assert(!collector__seen_is_of(&seen, 1, 3));
    collector__seen_forget(&seen);
}
END_TEST

START_TEST(test_an_event_out_of_line_begins_a_new_run)
{
    struct collector__seen seen = {.last_seen = NULL};

    collector__seen_note(&seen, 1, "a", 1);
    collector__seen_note(&seen, 3, "b", 2);
    ck_assert(collector__seen_is_of(&seen, 3, 3));
    ck_assert_str_eq(all_of(&seen), "b=2 ");
    collector__seen_note(&seen, 3, "c", 2); /* the last one was undone */
    ck_assert_str_eq(all_of(&seen), "c=2 ");
    ck_assert(collector__seen_is_of(&seen, 3, 3));
    collector__seen_forget(&seen);
}
END_TEST

static int
refuse_b(void *userdata, const char *device_id, int64_t ts)
{
    (void)ts;
    ++*(int *)userdata;
    return strcmp(device_id, "b") == 0 ? COLLECTOR_ERR_FULL : COLLECTOR_OK;
}

START_TEST(test_a_refusal_ends_the_tour)
{
    struct collector__seen seen = {.last_seen = NULL};
    int visits = 0;

    collector__seen_note(&seen, 1, "a", 1);
    collector__seen_note(&seen, 2, "b", 1);
    collector__seen_note(&seen, 3, "c", 1);
    ck_assert_error(collector__seen_each(&seen, refuse_b, &visits),
                    COLLECTOR_ERR_FULL);
    ck_assert_int_eq(visits, 2);
    collector__seen_forget(&seen);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("seen");
    TCase *tcase = support_add_case(suite, "seen", NULL, NULL);

    tcase_add_test(tcase, test_each_device_is_known_once_with_its_latest);
    tcase_add_test(tcase, test_nothing_is_known_at_first_and_once_forgotten);
    tcase_add_test(tcase, test_only_the_whole_run_counts);
    tcase_add_test(tcase, test_an_event_out_of_line_begins_a_new_run);
    tcase_add_test(tcase, test_a_refusal_ends_the_tour);
    return support_run_suite(suite);
}
