/* SPDX-License-Identifier: MIT */
/* What an answer begins with: silence in a file may be its collector's. */
#include "lead.h"

#include "tool.h"

const char *
lead_words(const struct standing *standing, char ret_text[LEAD_SIZE])
{
    ret_text[0] = '\0';
    if (standing->snapshot_of[0] != '\0')
        (void)snprintf(ret_text, LEAD_SIZE, "This is a snapshot of %s",
                       standing->snapshot_of);
    else if (!standing->owner_seen)
        (void)snprintf(ret_text, LEAD_SIZE,
                       "No collector was seen running; the file is as it was "
                       "left");
    return ret_text;
}

void
lead_write_summary(FILE *out, const struct standing *standing, const char *text)
{
    char lead[LEAD_SIZE];
    char summary[LEAD_SIZE + LEAD_SUMMARY_SIZE];

    (void)lead_words(standing, lead);
    (void)snprintf(summary, sizeof(summary), "%s%s%s", lead,
                   lead[0] != '\0' ? ". " : "", text);
    tool_write_text(out, "summary", summary);
}
