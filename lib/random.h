/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_RANDOM_H
#define COLLECTOR_LIB_RANDOM_H

#include <collector/random.h>

/** Where random bits come from: the embedder's callback, or the kernel when fn
 *  is NULL. */
struct collector__random {
    collector_random_fn fn;
    void *userdata;
};

/** Bytes of a UUID as text, with its NUL. */
#define COLLECTOR_UUID_SIZE 37

/** 64 random bits. Those of the kernel never block once the system is up. */
uint64_t
collector__random(const struct collector__random *random);

/** A version 4 UUID (RFC 9562, section 5.4) in lower case. */
void
collector__random_uuid(const struct collector__random *random,
                       char ret_text[COLLECTOR_UUID_SIZE]);

#endif
