#!/bin/sh
# SPDX-License-Identifier: MIT
# A day on the battery: nothing is unaccounted for, the budget is kept, batches
# are few, and what arrives, each once and in order, can be dated though it came
# without a time. The second day finds what the first one left.
#
# usage: example_firmware.sh PROGRAM
. "$(dirname "$0")/example.sh"

last=0
for accepted in 1440 2880; do
    run
    awk -F '[^0-9a-z_.-]+' -v accepted="$accepted" -v last="$last" '
        $2 == "id" {
            torn = torn || $3 != ++last || $10 != ($3 <= 1440 ? 0 : 1440)
            if ($10 != boot)
                undated = 0 # those of a boot before it are never dated
            boot = $10
            if ($14 == 1) # the stamp when the clock says 0
                undated++
            else if (undated > 0) {
                dated = undated == 719 && $14 - $12 == 1767225600000
                undated = 0
            }
        }
        / mJ$/ {
            frugal = $1 >= 10 && $1 <= 120 && $4 >= 2000 * $1 && $4 <= $6
        }
        / accepted = / {
            whole = $1 == accepted && $1 == $3 + $5 + $7 + $9
            drained = $3 > 0.8 * accepted && $5 == 0 && $7 == 0 && $3 == last
        }
        END { exit torn || !(dated && frugal && whole && drained) }' \
        "$work/out" || fail "a day to $accepted events ended like this:"
    last=$(sed -n 's/^{"id":\([0-9]*\),.*/\1/p' "$work/out" | tail -n 1)
done
