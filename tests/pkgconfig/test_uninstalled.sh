#!/bin/sh
# SPDX-License-Identifier: MIT
# A program may be built against the build directory, before anything is
# installed.
. "$(dirname "$0")/common.sh"

export PKG_CONFIG_PATH="$BUILD/meson-uninstalled"
pkg-config --uninstalled libcollector || fail "it is taken for installed"
[ "$(pkg-config --modversion libcollector)" = "$VERSION" ] ||
    fail "it is of another version"
cd "$work/ledger"
# shellcheck disable=SC2046 # one argument a flag
${CC:-cc} ledger.c $(pkg-config --cflags --libs libcollector) -o ledger
check_shared "$work/ledger/ledger" "$BUILD/lib"
