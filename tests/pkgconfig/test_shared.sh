#!/bin/sh
# SPDX-License-Identifier: MIT
# Meson's dependency() finds the shared library.
. "$(dirname "$0")/common.sh"

install_library
quietly meson setup "$work/build" "$work/ledger" --wrap-mode nofallback
quietly ninja -C "$work/build"
check_shared "$work/build/ledger" "$libdir"
