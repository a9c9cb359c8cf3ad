/* SPDX-License-Identifier: MIT */
/* Who may read what a collector writes. */
#include "privacy.h"

#include "support.h"

#include <dirent.h>
#include <sys/stat.h>

size_t
privacy_assert(const char *dir)
{
    DIR *entries = opendir(dir);
    const struct dirent *entry;
    struct stat status;
    size_t count = 0;

    ck_assert_ptr_nonnull(entries);
    while ((entry = readdir(entries)) != NULL) {
        if (stat(support_path(dir, entry->d_name), &status) != 0 ||
            !S_ISREG(status.st_mode))
            continue; /* it is gone, or no file */
        ck_assert_msg((status.st_mode & 07777) == 0600, "%s has mode %o",
                      entry->d_name, status.st_mode & 07777);
        count++;
    }
    (void)closedir(entries); /* it was only read */
    return count;
}
