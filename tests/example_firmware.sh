#!/bin/sh
# SPDX-License-Identifier: MIT
# A day on the battery: nothing is unaccounted for, the budget is kept, batches
# are few, and what came without a time is dated. The second day finds what the
# first one left.
#
# usage: example_firmware.sh PROGRAM
. "$(dirname "$0")/example.sh"

for accepted in 1440 2880; do
    run
    awk -v accepted="$accepted" '
        /events had no time/ {
            dated = $1 == 719 && $NF == 1767225600000
        }
        / mJ$/ {
            frugal = $1 >= 10 && $1 <= 120 && $4 >= 2000 * $1 && $4 <= $6
        }
        / accepted = / {
            whole = $1 == accepted && $1 == $4 + $7 + $10 + $13
            drained = $4 > 0.8 * accepted && $7 == 0 && $10 == 0
        }
        END { exit !(dated && frugal && whole && drained) }' "$work/out" ||
        fail "a day to $accepted events ended like this:"
done
