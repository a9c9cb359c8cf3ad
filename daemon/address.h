/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_ADDRESS_H
#define DAEMON_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

/** Bytes of an IPv4 address as text, with its NUL. */
#define ADDRESS_HOST_SIZE 16

/** Where to listen. */
struct address {
    /** IPv4, in figures, such as 0.0.0.0. */
    char host[ADDRESS_HOST_SIZE];
    /** 0 lets the system choose one. */
    uint16_t port;
    /** Only this machine can reach it. */
    bool loopback;
};

/**
 * Read HOST:PORT. The host is an IPv4 address, localhost, or nothing for all
 * interfaces; the port is 0 to 65535.
 *
 * @param ret_address  Set on success only.
 * @return NULL, or what is wrong with it in words: a static text.
 */
const char *
address_parse(const char *text, struct address *ret_address);

#endif
