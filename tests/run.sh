#!/bin/sh
# SPDX-License-Identifier: MIT
# Run all tests of a build directory, and close with the number of checks that
# passed and failed in all of them.
#
# usage: run.sh BUILD_DIRECTORY [meson test options]
set -u

build=$1
shift
status=0
# Check has time-outs of its own, which are for a quiet machine.
export CK_TIMEOUT_MULTIPLIER="${CK_TIMEOUT_MULTIPLIER:-5}"
# Most of them wait most of the time.
meson test -C "$build" --print-errorlogs --num-processes $(($(nproc) * 2)) \
    "$@" || status=$?

# Each test program says "100%: Checks: 12, Failures: 0, Errors: 0".
sed -n 's/.*Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\).*/\1 \2 \3/p' \
    "$build/meson-logs/testlog.txt" |
    awk '{ checks += $1; failed += $2 + $3 }
         END { printf "%d passed, %d failed\n", checks - failed, failed }'
exit "$status"
