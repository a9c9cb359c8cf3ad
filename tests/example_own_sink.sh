#!/bin/sh
# SPDX-License-Identifier: MIT
# The place that hangs is given up at the deadline, long before the sink itself
# would, and the batch stays; then both places have each event once.
#
# usage: example_own_sink.sh PROGRAM
. "$(dirname "$0")/example.sh"

for last in 2 4; do
    began=$(date +%s)
    run
    [ $(($(date +%s) - began)) -lt 15 ] || fail "it was not broken off"
    cat >"$work/wanted" <<END
2 events pending
0 events pending
place 1 has events up to $last, and skipped 2
place 2 has events up to $last, and skipped 2
END
    diff -u "$work/wanted" "$work/out" || fail "it printed this:"
done
