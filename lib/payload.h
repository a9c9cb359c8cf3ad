/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_PAYLOAD_H
#define COLLECTOR_LIB_PAYLOAD_H

#include <collector/reader.h>
#include <stddef.h>

/**
 * What is in the file as a payload: JSON, or any text if somebody else wrote
 * it.
 *
 * @param ret_type  Set on success only.
 * @return COLLECTOR_OK, ERR_NOMEM.
 */
int
collector__payload_type(const char *text, size_t size,
                        enum collector_value_type *ret_type);

#endif
