/* SPDX-License-Identifier: MIT */
/* What a store should hold, in plain arrays. */
#include "model.h"

/** As the header of the library has it, written a second time on purpose. */
#define DEAD_IN_A_ROW_MAX 10

/** How much longer than its time a key may stay; likewise. */
#define PATIENCE_PART 64

int64_t
model_pending(const struct model *model)
{
    return model->accepted - model->settled_through;
}

static void
add_event(struct model *model, unsigned device, int64_t serial)
{
    struct model_event *event = &model->events[++model->accepted];

    *event = (struct model_event){
        .device = device, .serial = serial, .present = true};
    model->devices[device] = true;
}

enum model_outcome
model_append(struct model *model, unsigned device, size_t count, int key,
             int64_t *ret_first_id)
{
    struct model_key *kept = key >= 0 ? &model->keys[key] : NULL;
    const size_t pending = (size_t)model_pending(model);
    size_t i;

    *ret_first_id = model->accepted + 1;
    if (kept != NULL && kept->used) {
        *ret_first_id = kept->first_id;
        return kept->count == count ? MODEL_REPEATED : MODEL_CONFLICT;
    }
    if (pending + count > model->backlog_max) {
        if (!model->drop_oldest || count > model->backlog_max)
            return MODEL_FULL;
        model_settle(model,
                     model->settled_through +
                         (int64_t)(pending + count - model->backlog_max),
                     MODEL_DROPPED);
    }
    for (i = 0; i < count; i++)
        add_event(model, device, ++model->serial);
    if (kept != NULL)
        *kept =
            (struct model_key){true, *ret_first_id, count, model->uptime_ms};
    return MODEL_KEPT;
}

void
model_settle(struct model *model, int64_t last_id, enum model_fate fate)
{
    const int64_t before = model->settled_through;

    while (model->settled_through < last_id) {
        struct model_event *event = &model->events[++model->settled_through];

        event->fate = fate;
        event->settled_at = model->uptime_ms;
        event->present = fate != MODEL_DROPPED;
        event->letter = fate == MODEL_DEAD;
        model->counts[fate]++;
    }
    if (model->settled_through == before)
        return;
    if (model->uptime_kept_ms < model->uptime_ms)
        model->uptime_kept_ms = model->uptime_ms;
    if (fate == MODEL_DELIVERED)
        model->dead_in_a_row = 0;
    if (fate == MODEL_DEAD)
        model->dead_in_a_row++;
}

void
model_reject(struct model *model, int64_t first_id, int64_t last_id)
{
    if (first_id == last_id && model->dead_in_a_row < DEAD_IN_A_ROW_MAX)
        model_settle(model, last_id, MODEL_DEAD);
}

/** Let go of dead letters until only so many are left. */
static void
prune_letters(struct model *model)
{
    size_t count = 0;
    int64_t id;

    for (id = model->accepted; id > 0; id--) {
        if (model->events[id].letter && ++count > model->dead_letter_max)
            model_purge(model, id);
    }
}

/** Keys are let go when the oldest of them is due: a crash may have set the
 *  time back that they are counted in, and then they stay for longer. */
static void
prune_keys(struct model *model)
{
    const int64_t cut = model->uptime_ms - model->key_retain_ms;
    const struct model_key *oldest = NULL;
    size_t i;

    for (i = 0; i < MODEL_KEY_COUNT; i++) {
        const struct model_key *key = &model->keys[i];

        if (key->used && (oldest == NULL || key->first_id < oldest->first_id))
            oldest = key;
    }
    if (oldest == NULL ||
        oldest->kept_at > cut - model->key_retain_ms / PATIENCE_PART)
        return;
    for (i = 0; i < MODEL_KEY_COUNT; i++) {
        if (model->keys[i].kept_at <= cut)
            model->keys[i].used = false;
    }
}

void
model_prune(struct model *model)
{
    const int64_t event_cut = model->uptime_ms - model->retain_ms;
    int64_t id;

    for (id = 1; id <= model->settled_through; id++) {
        struct model_event *event = &model->events[id];

        if (event->fate == MODEL_DELIVERED && event->settled_at <= event_cut)
            event->present = false;
    }
    prune_letters(model);
    prune_keys(model);
}

void
model_replay(struct model *model, int64_t id)
{
    struct model_event *event = &model->events[id];

    if (id > model->accepted || !event->letter || event->replayed_as != 0)
        return;
    event->replayed_as = model->accepted + 1;
    add_event(model, event->device, event->serial);
}

void
model_purge(struct model *model, int64_t id)
{
    struct model_event *event = &model->events[id];

    if (id > model->accepted || !event->letter)
        return;
    event->letter = false;
    event->present = false;
}

size_t
model_replayable(const struct model *model)
{
    size_t count = 0;
    int64_t id;

    for (id = 1; id <= model->settled_through; id++)
        count += model->events[id].letter && model->events[id].replayed_as == 0;
    return count;
}

void
model_reopen(struct model *model)
{
    model->uptime_ms = model->uptime_kept_ms;
}
