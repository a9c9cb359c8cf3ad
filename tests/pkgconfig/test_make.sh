#!/bin/sh
# SPDX-License-Identifier: MIT
# Plain make, with the shared library.
. "$(dirname "$0")/common.sh"

install_library
make -C "$work/ledger" -s
check_shared "$work/ledger/ledger" "$libdir"
