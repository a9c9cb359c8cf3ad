/* SPDX-License-Identifier: MIT */
#ifndef CTL_EVENT_FLAGS_H
#define CTL_EVENT_FLAGS_H

#include "flags.h"

#include <collector/reader.h>

/** Which events the flags are about: the device, the kind and the text. */
static inline struct collector_event_filter
event_flags_filter(const struct flags *flags)
{
    return (struct collector_event_filter){
        .size = sizeof(struct collector_event_filter),
        .device_id = flags->device,
        .kind = flags->kind,
        .text = flags->text,
    };
}

#endif
