/* SPDX-License-Identifier: MIT */
/*
 * While it compiles, SQLite puts what a name of a WITH or a view stands for in
 * the place of the name, each time that it is there, and asks nobody whether to
 * go on: with twenty names of two lines it takes all memory that there is. So
 * what a statement unfolds to is counted before SQLite sees it. What is no SQL
 * is counted as well, in some way: SQLite will say so. What SQLite cuts into
 * words in a way of its own is refused, so that nothing hides there.
 */
#include "reader_weight.h"

#include "memory.h"
#include "scan.h"

#include <collector/error.h>
#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

enum token {
    TOKEN_END,
    /** A word, or anything in quotes: any of them may be a name. */
    TOKEN_NAME,
    TOKEN_OPENING,
    TOKEN_CLOSING,
    TOKEN_OTHER
};

/** What a name stands for; the last one is the statements. */
struct meaning {
    struct collector__span name;
    uint64_t token_count;
    uint16_t uses[COLLECTOR_WEIGHT_NAMES_MAX];
    uint64_t weight;
};

/** A name whose meaning has begun, and the depth of its bracket. */
struct opened {
    size_t meaning;
    size_t depth;
};

/** One reading of all texts. */
struct weighing {
    const char *at;
    struct collector__span span;
    struct meaning meanings[COLLECTOR_WEIGHT_NAMES_MAX + 1];
    size_t name_count;
    /** Count uses; else only find names. */
    bool counting;
    size_t depth;
    struct opened opened[COLLECTOR_WEIGHT_NAMES_MAX];
    size_t opened_count;
    /** The last name, before AS perhaps; and the one before a bracket at that
     *  depth, which may list its columns. */
    struct collector__span last;
    bool is_defined;
    struct collector__span listed;
    size_t listed_depth;
    bool is_unreadable;
};

#define STATEMENTS COLLECTOR_WEIGHT_NAMES_MAX

/* White space to SQLite where a word begins, and a part of one elsewhere. */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static bool
is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' ||
           (unsigned char)c >= 0x80;
}

/** Step over white space and comments. */
static void
step_over_space(struct weighing *weighing)
{
    const char *at = weighing->at;
    const char *end;

    for (;;) {
        at += strspn(at, " \t\n\f\r");
        if (at[0] == '-' && at[1] == '-') {
            at += strcspn(at, "\n");
        } else if (at[0] == '/' && at[1] == '*') {
            end = strstr(at + 2, "*/");
            at = end != NULL ? end + 2 : at + strlen(at);
        } else {
            break;
        }
    }
    weighing->at = at;
}

/** Read what is in quotes, of which two stand for one. */
static void
read_quoted(struct weighing *weighing, char quote)
{
    const char *start = ++weighing->at;
    const char *end = strchr(start, quote == '[' ? ']' : quote);

    while (end != NULL && end[1] == quote && quote != '[') {
        /* In a text that is fine, unless it is the name of something. */
        if (quote != '\'')
            weighing->is_unreadable = true;
        end = strchr(end + 2, quote);
    }
    if (end == NULL)
        end = start + strlen(start);
    weighing->span = (struct collector__span){start, (size_t)(end - start)};
    weighing->at = *end != '\0' ? end + 1 : end;
}

/** Read a word. In a variable, SQLite takes what is in a bracket behind it for
 *  a part of it. */
static void
read_word(struct weighing *weighing, bool is_variable)
{
    const char *start = weighing->at;
    size_t size;

    while (is_word(*weighing->at))
        weighing->at++;
    size = (size_t)(weighing->at - start);
    weighing->span = (struct collector__span){start, size};
    if ((is_variable && *weighing->at == '(') ||
        memmem(start, size, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) != NULL)
        weighing->is_unreadable = true;
}

/** Read anything else. What follows a sign of a variable is its name. */
static enum token
read_sign(struct weighing *weighing)
{
    const char sign = *weighing->at++;

    if (strchr("@#:", sign) != NULL) {
        read_word(weighing, true);
    } else if (sign == '?') {
        weighing->at += strspn(weighing->at, "0123456789");
    } else if (sign == '\v') {
        /* White space to SQLite, but for the first of it. */
        weighing->is_unreadable = true;
    }
    if (sign == ':' && *weighing->at == ':')
        weighing->is_unreadable = true;
    if (sign == '(')
        return TOKEN_OPENING;
    return sign == ')' ? TOKEN_CLOSING : TOKEN_OTHER;
}

static enum token
next_token(struct weighing *weighing)
{
    char first;

    step_over_space(weighing);
    first = *weighing->at;
    if (first == '\0')
        return TOKEN_END;
    if (strchr("\"'`[", first) != NULL) {
        read_quoted(weighing, first);
        return TOKEN_NAME;
    }
    if (is_word(first)) {
        read_word(weighing, first == '$');
        return TOKEN_NAME;
    }
    return read_sign(weighing);
}

static bool
is_same(struct collector__span span, const char *text, size_t size)
{
    return span.size == size && strncasecmp(span.text, text, size) == 0;
}

/** The number of a name; STATEMENTS when it stands for nothing. */
static size_t
find(const struct weighing *weighing, struct collector__span name)
{
    size_t i;

    for (i = 0; i < weighing->name_count; i++) {
        if (is_same(weighing->meanings[i].name, name.text, name.size))
            return i;
    }
    return STATEMENTS;
}

/** What is being read stands for. */
static struct meaning *
current(struct weighing *weighing)
{
    const size_t count = weighing->opened_count;

    return &weighing->meanings[count > 0 ? weighing->opened[count - 1].meaning
                                         : STATEMENTS];
}

/** Count a use of a name, or take it back. Of itself is no matter: it is not
 *  unfolded. */
static void
use(struct weighing *weighing, struct collector__span name, int step)
{
    struct meaning *meaning = current(weighing);
    const size_t i = find(weighing, name);

    if (weighing->counting && i != STATEMENTS &&
        meaning != &weighing->meanings[i] &&
        (step < 0 || meaning->uses[i] < UINT16_MAX))
        meaning->uses[i] = (uint16_t)(meaning->uses[i] + step);
}

/** Begin with what the last name stands for. */
static void
open_meaning(struct weighing *weighing)
{
    size_t i = find(weighing, weighing->last);

    if (i == STATEMENTS && weighing->name_count < STATEMENTS) {
        i = weighing->name_count++;
        weighing->meanings[i].name = weighing->last;
    }
    use(weighing, weighing->last, -1); /* here it was given */
    /* A name with a quote in it can be written in ways that are not looked
     * for. */
    if (i == STATEMENTS || weighing->opened_count == STATEMENTS ||
        memchr(weighing->last.text, '\'', weighing->last.size) != NULL) {
        weighing->is_unreadable = true;
        return;
    }
    weighing->opened[weighing->opened_count++] =
        (struct opened){i, weighing->depth};
}

static void
read_name(struct weighing *weighing)
{
    const struct collector__span span = weighing->span;

    if (weighing->last.text != NULL && is_same(span, "AS", 2)) {
        weighing->is_defined = true;
        return;
    }
    if (weighing->is_defined &&
        (is_same(span, "NOT", 3) || is_same(span, "MATERIALIZED", 12)))
        return;
    weighing->is_defined = false;
    weighing->last = span;
    use(weighing, span, 1);
}

static void
read_opening(struct weighing *weighing)
{
    if (weighing->is_defined) {
        open_meaning(weighing);
    } else {
        weighing->listed = weighing->last;
        weighing->listed_depth = weighing->depth;
    }
    weighing->depth++;
    weighing->is_defined = false;
    weighing->last.text = NULL;
}

static void
read_closing(struct weighing *weighing)
{
    const size_t count = weighing->opened_count;

    weighing->is_defined = false;
    weighing->last.text = NULL;
    if (weighing->depth == 0)
        return;
    weighing->depth--;
    if (count > 0 && weighing->opened[count - 1].depth == weighing->depth)
        weighing->opened_count--;
    else if (weighing->listed_depth == weighing->depth)
        weighing->last = weighing->listed;
}

static void
read_text(struct weighing *weighing, const char *text)
{
    enum token token;

    weighing->at = text;
    weighing->depth = 0;
    weighing->opened_count = 0;
    weighing->is_defined = false;
    weighing->last.text = NULL;
    while ((token = next_token(weighing)) != TOKEN_END) {
        if (weighing->counting)
            current(weighing)->token_count++;
        if (token == TOKEN_NAME) {
            read_name(weighing);
        } else if (token == TOKEN_OPENING) {
            read_opening(weighing);
        } else if (token == TOKEN_CLOSING) {
            read_closing(weighing);
        } else {
            weighing->is_defined = false;
            weighing->last.text = NULL;
        }
    }
}

/** Weigh a meaning by what is known of the others. */
static uint64_t
weigh(const struct weighing *weighing, const struct meaning *meaning)
{
    uint64_t weight = meaning->token_count;
    size_t i;

    for (i = 0; i < weighing->name_count; i++)
        weight += meaning->uses[i] * weighing->meanings[i].weight;
    return weight < COLLECTOR_WEIGHT_MAX ? weight : COLLECTOR_WEIGHT_MAX + 1;
}

/** Weigh all, from those that use none of the others up. */
static bool
is_bearable(struct weighing *weighing)
{
    size_t round;
    size_t i;

    for (round = 0; round <= weighing->name_count; round++) {
        for (i = 0; i < weighing->name_count; i++)
            weighing->meanings[i].weight =
                weigh(weighing, &weighing->meanings[i]);
    }
    return weigh(weighing, &weighing->meanings[STATEMENTS]) <=
           COLLECTOR_WEIGHT_MAX;
}

int
collector__weight_check(const char *const *texts, size_t text_count)
{
    struct weighing *weighing = collector__memory_zeroed(sizeof(*weighing));
    int rc = COLLECTOR_OK;
    int pass;
    size_t i;

    if (weighing == NULL)
        return COLLECTOR_ERR_NOMEM;
    for (pass = 0; pass < 2; pass++) {
        weighing->counting = pass == 1;
        for (i = 0; i < text_count; i++)
            read_text(weighing, texts[i]);
    }
    if (weighing->is_unreadable || !is_bearable(weighing))
        rc = COLLECTOR_ERR_INVALID;
    collector__memory_free(weighing);
    return rc;
}
