#!/bin/sh
# SPDX-License-Identifier: MIT
# CMake's pkg-config module finds the shared library.
. "$(dirname "$0")/common.sh"

command -v cmake >/dev/null || skip "there is no cmake"
install_library
quietly cmake -S "$work/ledger" -B "$work/build"
quietly cmake --build "$work/build"
check_shared "$work/build/ledger" "$libdir"
