#!/bin/sh
# SPDX-License-Identifier: MIT
# Without the webhook, a program can do without any shared library: Debian has
# archives of all that is left.
. "$(dirname "$0")/common.sh"

prefix=$work/prefix
quietly meson setup "$work/small" "$SOURCE" --prefix "$prefix" --libdir lib \
    -Ddaemon=disabled -Dwebhook=disabled -Dtests=disabled \
    -Doptimization=0 -Ddebug=false -Ddefault_library=static \
    -Dprefer_static=true
quietly ninja -C "$work/small"
meson install -C "$work/small" --no-rebuild --quiet
[ -z "$(find "$prefix" -name '*.so*')" ] || fail "a shared library is installed"

export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
! pkg-config --static --libs libcollector | grep curl >&2 ||
    fail "--static --libs has libcurl without the webhook"
# With an archive alone, its dependencies are there unasked.
make -C "$work/ledger" -s COLLECTOR_LIBS="$(pkg-config --libs libcollector)"
check_archived "$work/ledger/ledger"

quietly meson setup "$work/build" "$work/ledger" --wrap-mode nofallback \
    -Dstatic=true -Dc_link_args=-static
quietly ninja -C "$work/build"
[ -z "$(needed "$work/build/ledger")" ] || fail "it needs a shared library"
check_archived "$work/build/ledger"
