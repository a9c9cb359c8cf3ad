#!/bin/sh
# SPDX-License-Identifier: MIT
# Plain make, with the archive: libcollector.so may be gone.
. "$(dirname "$0")/common.sh"

install_library
rm "$libdir"/libcollector.so*
make -C "$work/ledger" -s STATIC=1
check_archived "$work/ledger/ledger"
needed "$work/ledger/ledger" >"$work/needed"
for name in sqlite3 jansson; do
    grep -q "^lib$name\.so" "$work/needed" || fail "it does not need $name"
done
[ "$WEBHOOK" = 1 ] || ! grep curl "$work/needed" >&2 || fail "it needs libcurl"
