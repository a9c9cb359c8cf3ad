#!/bin/sh
# SPDX-License-Identifier: MIT
# CMake's pkg-config module finds the shared library.
. "$(dirname "$0")/common.sh"

command -v cmake >/dev/null || skip "there is no cmake"
install_library
cmake -S "$work/ledger" -B "$work/build" >"$work/log" ||
    { cat "$work/log" >&2; exit 1; }
cmake --build "$work/build" >"$work/log" || { cat "$work/log" >&2; exit 1; }
check_shared "$work/build/ledger" "$libdir"
