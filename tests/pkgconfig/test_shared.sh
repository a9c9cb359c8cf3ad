#!/bin/sh
# SPDX-License-Identifier: MIT
# Meson's dependency() finds the shared library.
. "$(dirname "$0")/common.sh"

install_library
meson setup "$work/build" "$work/ledger" --wrap-mode nofallback >"$work/log" ||
    { cat "$work/log" >&2; exit 1; }
ninja -C "$work/build" --quiet
check_shared "$work/build/ledger" "$libdir"
