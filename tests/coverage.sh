#!/bin/sh
# SPDX-License-Identifier: MIT
# See how much of the library the tests reach: run all of them in a build that
# counts, print what each file has, and fail below what was promised. Line by
# line it is in BUILD_DIRECTORY/coverage/index.html.
#
# The branches of assertions are left out: one of them is for our bugs only.
#
# usage: coverage.sh BUILD_DIRECTORY
set -eu

build=$1
report=$build/coverage
lines_min=95
branches_min=85
status=0

[ -f "$build/build.ninja" ] ||
    meson setup "$build" -Db_coverage=true -Dbuildtype=debug >/dev/null
ninja -C "$build" --quiet
# What an earlier run has counted may be of code that has changed since.
find "$build" -name '*.gcda' -delete
tests/run.sh "$build" --timeout-multiplier 5

mkdir -p "$report"
gcovr --root . --object-directory "$build" --filter lib/ \
    --exclude-branches-by-pattern '\s*assert\(.*' \
    --html-details "$report/index.html" --csv "$report/coverage.csv" \
    --fail-under-line "$lines_min" --fail-under-branch "$branches_min" ||
    status=$?
awk -F, -v lines_min="$lines_min" -v branches_min="$branches_min" '
    function row(name, lines, line_count, branches, branch_count) {
        printf "%-26s %6d of %-6d %5.1f %%  %6d of %-6d %5.1f %%\n", name,
            lines, line_count, 100 * lines / line_count,
            branches, branch_count,
            branch_count ? 100 * branches / branch_count : 100
    }
    NR == 1 { printf "%-26s %15s %19s\n", "", "lines", "branches"; next }
    {
        row($1, $3, $2, $6, $5)
        lines += $3; line_count += $2; branches += $6; branch_count += $5
    }
    END {
        row("all", lines, line_count, branches, branch_count)
        printf "%-26s %24.1f %% %23.1f %%\n", "at least", lines_min,
            branches_min
    }' "$report/coverage.csv" | tee "$report/coverage.txt"
exit "$status"
