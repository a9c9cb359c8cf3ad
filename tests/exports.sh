#!/bin/sh
# SPDX-License-Identifier: MIT
# What the headers declare is what the shared library exports, no more and no
# less; and the archive defines no name that could collide with a program's.
# One of the two libraries may be '', where it is not built.
#
# usage: exports.sh INCLUDE_DIRECTORY SHARED_LIBRARY STATIC_LIBRARY
set -eu

include=$1
shared=$2
static=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A declaration's name begins a line, behind COLLECTOR_API and the type.
grep -A 1 '^COLLECTOR_API' "$include"/collector/*.h |
    grep -o 'collector_[a-z0-9_]*(' | tr -d '(' | sort -u >"$work/declared"
[ -s "$work/declared" ] || {
    echo "no declaration was found" >&2
    exit 1
}
if [ -n "$shared" ]; then
    nm -D --defined-only "$shared" | awk '$2 ~ /[TDBR]/ { print $3 }' |
        sed 's/@.*//' | sort -u >"$work/exported"
    diff -u "$work/declared" "$work/exported" || {
        echo "the headers and the exports differ" >&2
        exit 1
    }
fi
[ -n "$static" ] || exit 0
# Sanitizers add names of their own, which begin with an underscore.
nm -g --defined-only "$static" | awk 'NF == 3 { print $3 }' |
    grep -v -e '^collector_' -e '^_' >"$work/foreign" || true
if [ -s "$work/foreign" ]; then
    echo "the archive defines names without our prefix:" >&2
    cat "$work/foreign" >&2
    exit 1
fi
