/* SPDX-License-Identifier: MIT */
#ifndef MCP_SCHEMA_H
#define MCP_SCHEMA_H

/*
 * Pieces of JSON Schema (2020-12) as C literals, which may hold no quotes of
 * their own. A tool's schemas are put together of them.
 */

#define SCHEMA_TYPE(type, description)                                         \
    "{\"type\":" type ",\"description\":\"" description "\"}"

#define SCHEMA_TEXT(description) SCHEMA_TYPE("\"string\"", description)
#define SCHEMA_INTEGER(description) SCHEMA_TYPE("\"integer\"", description)
#define SCHEMA_NUMBER(description) SCHEMA_TYPE("\"number\"", description)
#define SCHEMA_BOOLEAN(description) SCHEMA_TYPE("\"boolean\"", description)

/** The same, or null. */
#define SCHEMA_MAYBE(type, description)                                        \
    SCHEMA_TYPE("[\"" type "\",\"null\"]", description)

#define SCHEMA_ANY(description) "{\"description\":\"" description "\"}"

#define SCHEMA_ARRAY(elements, description)                                    \
    "{\"type\":\"array\",\"description\":\"" description                       \
    "\",\"items\":" elements "}"

/** One member of an object, and the others behind it. */
#define SCHEMA_MEMBER(name, schema) "\"" name "\":" schema
#define SCHEMA_AND ","

/** An object with these members and no others. @param required  Names in
 *  quotes, with commas. */
#define SCHEMA_OBJECT(members, required)                                       \
    "{\"type\":\"object\",\"properties\":{" members                            \
    "},\"required\":[" required "],\"additionalProperties\":false}"

/** A time that stands there twice. */
#define SCHEMA_MOMENT(name, description)                                       \
    SCHEMA_MEMBER(name,                                                        \
                  SCHEMA_MAYBE("integer", description ", ms since 1970"))      \
    SCHEMA_AND SCHEMA_MEMBER(name "_iso", SCHEMA_TEXT("The same in ISO 8601"))

#endif
