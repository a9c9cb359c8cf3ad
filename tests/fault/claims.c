/* SPDX-License-Identifier: MIT */
/* What a store has said. */
#include "claims.h"

#include "support.h"

#include <stdio.h>

void
claim(struct tape *tape, struct claim claim)
{
    struct claim *kept = support_alloc(sizeof(*kept));

    *kept = claim;
    tape_mark(tape, kept);
}

/** The same, which may be changed. */
static struct claims_append *
find_append(struct claims *claims, int64_t serial)
{
    ck_assert_int_lt(serial, CLAIMS_ID_MAX);
    return claims->append_of[serial] != 0
               ? &claims->appends[claims->append_of[serial] - 1]
               : NULL;
}

const struct claims_append *
claims_append_of(const struct claims *claims, int64_t serial)
{
    return serial < CLAIMS_ID_MAX && claims->append_of[serial] != 0
               ? &claims->appends[claims->append_of[serial] - 1]
               : NULL;
}

static void
add_begun(struct claims *claims, const struct claim *claim)
{
    size_t i;

    ck_assert_uint_lt(claims->append_count, CLAIMS_APPEND_MAX);
    ck_assert_int_lt(claim->serial + (int64_t)claim->count, CLAIMS_ID_MAX);
    claims->appends[claims->append_count++] = (struct claims_append){
        .serial = claim->serial, .count = claim->count, .key = claim->key};
    for (i = 0; i < claim->count; i++)
        claims->append_of[claim->serial + (int64_t)i] =
            (uint16_t)claims->append_count;
}

static void
add_kept(struct claims *claims, const struct claim *claim)
{
    struct claims_append *append = find_append(claims, claim->serial);
    int64_t i;

    ck_assert(append != NULL);
    ck_assert_int_lt(claim->id + (int64_t)append->count, CLAIMS_ID_MAX);
    append->first_id = claim->id;
    for (i = 0; i < (int64_t)append->count; i++) {
        ck_assert_msg(claims->kept[claim->id + i] == 0 ||
                          claims->kept[claim->id + i] == append->serial + i,
                      "id %lld was given out twice",
                      (long long)(claim->id + i));
        claims->kept[claim->id + i] = append->serial + i;
    }
    if (claim->id + i - 1 > claims->kept_through)
        claims->kept_through = claim->id + i - 1;
}

static void
add_offered(struct claims *claims, const struct claim *claim)
{
    int64_t *offered = &claims->offered[claim->id];

    ck_assert_msg(*offered == 0 || *offered == claim->serial,
                  "id %lld was sent with the events %lld and %lld",
                  (long long)claim->id, (long long)*offered,
                  (long long)claim->serial);
    *offered = claim->serial;
    if (claim->id > claims->offered_through)
        claims->offered_through = claim->id;
}

void
claims_add(struct claims *claims, const struct claim *claim)
{
    switch (claim->kind) {
    case CLAIM_BEGUN:
        add_begun(claims, claim);
        break;
    case CLAIM_KEPT:
        add_kept(claims, claim);
        break;
    case CLAIM_OFFERED:
        add_offered(claims, claim);
        break;
    case CLAIM_SETTLED:
        claims->settled_through = claim->id;
        break;
    case CLAIM_COPIED:
        ck_assert_uint_lt(claim->count, CLAIMS_COPY_MAX);
        claims->copied[claim->count] = true;
        claims->copied_through[claim->count] = claim->id;
        break;
    case CLAIM_NAMED:
        (void)snprintf(claims->collector_id, sizeof(claims->collector_id), "%s",
                       claim->key);
        break;
    }
}

size_t
claims_add_all(struct claims *claims, const struct tape *tape, size_t begin,
               size_t end)
{
    for (; begin < end; begin++) {
        if (tape->entries[begin].kind == TAPE_MARK)
            claims_add(claims, tape->entries[begin].mark);
    }
    return end;
}

void
claims_forget_after(struct claims *claims, int64_t id)
{
    int64_t lost;
    size_t i;

    for (lost = id + 1; lost <= claims->kept_through; lost++)
        claims->kept[lost] = 0;
    for (i = 0; i < claims->append_count; i++) {
        if (claims->appends[i].first_id > id)
            claims->appends[i].first_id = 0;
    }
    if (claims->kept_through > id)
        claims->kept_through = id;
    claims->settled_through = 0; /* it will be sent again */
}
