/* SPDX-License-Identifier: MIT */
#ifndef MCP_SCHEMA_H
#define MCP_SCHEMA_H

/*
 * Pieces of JSON Schema (2020-12) as C literals, whose descriptions hold no
 * quotes. A tool's schemas are put together of them: members with commas
 * between, in an object.
 */

/** An object with these members and no others. @param required  Names in
 *  quotes, with commas. */
#define SCHEMA_OBJECT(members, required)                                       \
    "{\"type\":\"object\",\"properties\":{" members                            \
    "},\"required\":[" required "],\"additionalProperties\":false}"

/** A member. @param rest  Of its schema, before its description. */
#define SCHEMA_MEMBER(name, rest, description)                                 \
    "\"" name "\":{" rest "\"description\":\"" description "\"}"

#define SCHEMA_TEXT(name, description)                                         \
    SCHEMA_MEMBER(name, "\"type\":\"string\",", description)
#define SCHEMA_INTEGER(name, description)                                      \
    SCHEMA_MEMBER(name, "\"type\":\"integer\",", description)
#define SCHEMA_BOOLEAN(name, description)                                      \
    SCHEMA_MEMBER(name, "\"type\":\"boolean\",", description)

/** A value of this type, or null. */
#define SCHEMA_MAYBE(name, type, description)                                  \
    SCHEMA_MEMBER(name, "\"type\":[\"" type "\",\"null\"],", description)

/** Any value. */
#define SCHEMA_ANY(name, description) SCHEMA_MEMBER(name, "", description)

/** @param elements  The schema of each. */
#define SCHEMA_ARRAY(name, description, elements)                              \
    SCHEMA_MEMBER(name, "\"type\":\"array\",\"items\":" elements ",",          \
                  description)

/** Texts. */
#define SCHEMA_TEXTS(name, description)                                        \
    SCHEMA_ARRAY(name, description, "{\"type\":\"string\"}")

/** A moment of an answer, which stands there twice. */
#define SCHEMA_MOMENT(name, description)                                       \
    SCHEMA_MAYBE(name, "integer", description ", ms since 1970")               \
    "," SCHEMA_TEXT(name "_iso", "The same in ISO 8601")

/** A moment as an argument. @param rest  Its default, or "". */
#define SCHEMA_WHEN(name, rest, description)                                   \
    SCHEMA_MEMBER(name, "\"type\":[\"string\",\"integer\"]," rest,             \
                  description                                                  \
                  ": a duration before now such as 10m, 1h or 7d, a date "     \
                  "such as 2026-01-31T12:00:00Z, or ms since 1970")

/** How many rows, as an argument; TOOL_ROW_COUNT_MAX and _DEFAULT. */
#define SCHEMA_LIMIT(description)                                              \
    SCHEMA_MEMBER("limit",                                                     \
                  "\"type\":\"integer\",\"minimum\":1,\"maximum\":1000,"       \
                  "\"default\":100,",                                          \
                  description)

#endif
