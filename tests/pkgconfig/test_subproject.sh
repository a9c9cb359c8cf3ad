#!/bin/sh
# SPDX-License-Identifier: MIT
# As a subproject, the library is what its parent's default_library says, and
# brings nothing along that nobody asked for.
. "$(dirname "$0")/common.sh"

# The tree alone: not what was built in it.
mkdir -p "$work/ledger/subprojects/libcollector"
for name in meson.build meson_options.txt lib daemon include tests examples \
    pkgconfig README.md; do
    cp -r "$SOURCE/$name" "$work/ledger/subprojects/libcollector"
done

# One word for all of it: the program's library, and what is installed.
build_as() {
    build=$work/build-$1
    quietly meson setup "$build" "$work/ledger" --wrap-mode forcefallback \
        -Doptimization=0 -Ddebug=false -Ddefault_library="$1"
    quietly ninja -C "$build"
    meson install -C "$build" --no-rebuild --quiet --destdir "$work/$1"
    [ ! -e "$build/subprojects/libcollector/daemon/collectord" ] ||
        fail "the daemon was built"
    meson introspect --tests "$build" | grep -qx '\[\]' ||
        fail "the parent got our tests"
    find "$work/$1" -name 'libcollector*' >"$work/installed"
}

build_as shared
check_shared "$build/ledger" "$build/subprojects/libcollector/lib"
! grep '\.a$' "$work/installed" >&2 || fail "shared installs an archive"
grep -q '\.so$' "$work/installed" || fail "shared installs no library"

build_as static
check_archived "$build/ledger"
! grep '\.so' "$work/installed" >&2 || fail "static installs a shared library"
grep -q '\.a$' "$work/installed" || fail "static installs no archive"
