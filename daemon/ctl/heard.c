/* SPDX-License-Identifier: MIT */
/* What fails is said once: by the library with a path and a reason, or else in
 * the words of an error. */
#include "heard.h"

#include "voice.h"

#include <stdio.h>
#include <string.h>

static void
forward_locked(struct heard *heard)
{
    if (heard->line[0] != '\0')
        voice_forward(NULL, heard->level, heard->line);
    heard->line[0] = '\0';
}

void
heard_line(void *userdata, enum collector_log_level level, const char *line)
{
    struct heard *heard = userdata;

    if (level != COLLECTOR_LOG_WARNING && level != COLLECTOR_LOG_ERROR)
        return;
    (void)pthread_mutex_lock(&heard->lock); /* ours: it can't fail */
    forward_locked(heard);
    heard->level = level;
    (void)snprintf(heard->line, sizeof(heard->line), "%s", line);
    (void)pthread_mutex_unlock(&heard->lock);
}

void
heard_forward(struct heard *heard)
{
    (void)pthread_mutex_lock(&heard->lock); /* likewise */
    forward_locked(heard);
    (void)pthread_mutex_unlock(&heard->lock);
}

bool
heard_take(struct heard *heard, char ret_line[HEARD_SIZE])
{
    bool is_there;

    (void)pthread_mutex_lock(&heard->lock); /* likewise */
    is_there = heard->line[0] != '\0';
    if (is_there)
        memcpy(ret_line, heard->line, HEARD_SIZE);
    heard->line[0] = '\0';
    (void)pthread_mutex_unlock(&heard->lock);
    return is_there;
}
