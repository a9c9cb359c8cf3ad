#!/bin/sh
# SPDX-License-Identifier: MIT
# With prefer_static everything is built that is built without: programs get the
# archives that there are, and the shared library stays free of them.
. "$(dirname "$0")/common.sh"

quietly meson setup "$work/all" "$SOURCE" -Dtests=disabled \
    -Doptimization=0 -Ddebug=false -Dprefer_static=true
quietly ninja -C "$work/all"
needed "$work/all/lib/libcollector.so" >"$work/needed"
for name in sqlite3 jansson; do
    grep -q "^lib$name\.so" "$work/needed" ||
        fail "libcollector.so has $name in it"
done
! needed "$work/all/examples/embed" | grep -e collector -e sqlite3 -e jansson \
    >&2 || fail "a program needs what there is an archive of"
cd "$work" # where it keeps its file
"$work/all/examples/embed" >"$work/said"
grep -q '"device_id":"pump-7"' "$work/said" || fail "embed does not work"
