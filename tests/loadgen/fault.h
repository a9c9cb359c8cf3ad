/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_FAULT_H
#define LOADGEN_FAULT_H

/**
 * Say on stderr what kept us from measuring, or did not add up.
 *
 * @return -1, so that a function can fail with it.
 */
int
fault(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** The same for what a function of the library returned. */
int
fault_with(const char *what, int rc);

#endif
