#!/bin/sh
# SPDX-License-Identifier: MIT
# Each question in SQL that the README types is answered, with a row at least, by
# a file that a collector wrote.
#
# usage: questions.sh README COLLECTORCTL FILE
set -eu

readme=$1
collectorctl=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cp "$3" "$work/events.sqlite"
"$(dirname "$0")/blocks.sh" "$readme" "$work" sql
count=0
for block in "$work"/*.sql; do
    "$collectorctl" "$work/events.sqlite" query "$(cat "$block")" \
        -format ndjson >"$work/rows"
    if [ ! -s "$work/rows" ]; then
        echo "no rows:" >&2
        cat "$block" >&2
        exit 1
    fi
    count=$((count + 1))
done
echo "$count questions"
[ "$count" -ge 10 ] # as it says
