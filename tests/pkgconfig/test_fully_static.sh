#!/bin/sh
# SPDX-License-Identifier: MIT
# Without the webhook, a program can do without any shared library: Debian has
# archives of all that is left.
. "$(dirname "$0")/common.sh"

prefix=$work/prefix
meson setup "$work/small" "$SOURCE" --prefix "$prefix" --libdir lib \
    -Ddaemon=disabled -Dwebhook=disabled -Dtests=disabled -Doptimization=0 \
    -Ddefault_library=static -Dprefer_static=true >"$work/log" ||
    { cat "$work/log" >&2; exit 1; }
ninja -C "$work/small" --quiet
meson install -C "$work/small" --no-rebuild --quiet
[ -z "$(find "$prefix" -name '*.so*')" ] || fail "a shared library is installed"

export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
! pkg-config --static --libs libcollector | grep curl >&2 ||
    fail "--static --libs has libcurl without the webhook"
# With an archive alone, its dependencies are there unasked.
make -C "$work/ledger" -s COLLECTOR_LIBS="$(pkg-config --libs libcollector)"
check_archived "$work/ledger/ledger"

meson setup "$work/build" "$work/ledger" --wrap-mode nofallback -Dstatic=true \
    -Dc_link_args=-static >"$work/log" || { cat "$work/log" >&2; exit 1; }
ninja -C "$work/build" --quiet >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
[ -z "$(needed "$work/build/ledger")" ] || fail "it needs a shared library"
check_archived "$work/build/ledger"
