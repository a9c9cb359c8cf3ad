/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_TOKEN_H
#define LOADGEN_TOKEN_H

/** Bytes of a header line with a token, and its NUL. */
#define TOKEN_HEADER_SIZE 320

/**
 * Read a bearer token that is alone in its file, and make a header line of it,
 * with its line end.
 *
 * @param path        NULL: no token, and no header.
 * @param ret_header  Set on success only.
 * @return 0, or -1 after it was said why, without showing it.
 */
int
token_read_header(const char *path, char ret_header[TOKEN_HEADER_SIZE]);

#endif
