/* SPDX-License-Identifier: MIT */
/*
 * Listen addresses. CivetWeb would also take lists, TLS marks and host names:
 * here an address is exactly one IPv4 address and one port, so that what is
 * logged is what is bound, and nothing is resolved.
 */
#include "address.h"

#include "quantity.h"

#include <arpa/inet.h>
#include <string.h>

static const char *
parse_port(const char *text, uint16_t *ret_port)
{
    size_t size = strlen(text);
    uint64_t port;

    if (size > 1 && (text[size - 1] == 's' || text[size - 1] == 'r'))
        return "TLS is not supported: put a proxy in front";
    if (!quantity_number(text, &port) || port > UINT16_MAX)
        return "the port must be a number from 0 to 65535";
    *ret_port = (uint16_t)port;
    return NULL;
}

static const char *
parse_host(const char *text, size_t size, struct address *address)
{
    struct in_addr binary;
    char host[ADDRESS_HOST_SIZE];

    if (size == 0) {
        strcpy(address->host, "0.0.0.0");
        return NULL;
    }
    if (size == strlen("localhost") && memcmp(text, "localhost", size) == 0) {
        strcpy(address->host, "127.0.0.1");
        address->loopback = true;
        return NULL;
    }
    if (size >= sizeof(host))
        return "the host must be an IPv4 address or localhost";
    memcpy(host, text, size);
    host[size] = '\0';
    if (inet_pton(AF_INET, host, &binary) != 1)
        return "the host must be an IPv4 address or localhost";
    memcpy(address->host, host, size + 1);
    address->loopback = ntohl(binary.s_addr) >> 24 == 127;
    return NULL;
}

const char *
address_parse(const char *text, struct address *ret_address)
{
    struct address address = {.loopback = false};
    const char *colon = strrchr(text, ':');
    const char *problem;

    if (strchr(text, ',') != NULL)
        return "only one address is supported";
    if (text[0] == '[' || strchr(text, ':') != colon)
        return "IPv6 is not supported";
    if (colon == NULL)
        return "a colon and a port are missing";
    problem = parse_port(colon + 1, &address.port);
    if (problem == NULL)
        problem = parse_host(text, (size_t)(colon - text), &address);
    if (problem == NULL)
        *ret_address = address;
    return problem;
}
