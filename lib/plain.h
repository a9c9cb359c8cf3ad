/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_PLAIN_H
#define COLLECTOR_LIB_PLAIN_H

#include "scan.h"

#include <stdbool.h>

/**
 * Whether a text is one JSON value, and so plain a one that no parser can see
 * it differently: strings of printable ASCII without an escape, numbers without
 * an exponent and of few digits. Most telemetry is. false says nothing: ask a
 * parser.
 *
 * @param text  Nested no deeper than COLLECTOR_SCAN_DEPTH_MAX, else false.
 */
bool
collector__plain_is(struct collector__span text);

#endif
