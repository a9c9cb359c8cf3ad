/* SPDX-License-Identifier: MIT */
#include "ctl.h"

const char *ctl_out;
const char *ctl_err;

int
ctl_end(struct daemon *run)
{
    const int status = process_end(run);

    ctl_out = daemon_stdout(run);
    ctl_err = daemon_stderr(run);
    daemon_free(run);
    return status;
}

const char *
ctl_end_well(struct daemon *run)
{
    const int status = ctl_end(run);

    ck_assert_str_eq(ctl_err, "");
    ck_assert_int_eq(status, 0);
    return ctl_out;
}
