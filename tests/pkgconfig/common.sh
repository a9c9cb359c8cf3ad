# SPDX-License-Identifier: MIT
# What the tests of this directory share: the program of examples/downstream is
# built as its users build it, against a copy of the library that is installed
# for this test only.
#
# From the environment: SOURCE and BUILD (directories), PREFIX, LIBDIR and MANDIR
# (as installed), VERSION, WEBHOOK, DAEMON and LOADGEN (0 or 1: whether they are
# built, or to be installed), UNIT_DIR and CONFIG_DIR (as installed, with the
# daemon), SKIP (why this build can't be tested, or nothing).
# shellcheck shell=sh
set -eu

fail() {
    echo "$*" >&2
    exit 1
}

skip() {
    echo "skipped: $*"
    exit 77
}

# Run a command that says something only when it fails.
quietly() {
    "$@" >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        fail "this failed: $*"
    }
}

[ -z "$SKIP" ] || skip "$SKIP"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$SOURCE/examples/downstream" "$work/ledger"
unset LD_LIBRARY_PATH PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR DESTDIR

# Everything into $root, found there by pkg-config, which looks there for the
# headers of all packages: CMake wants to see the directories it is told.
install_library() {
    root=$work/root
    libdir=$root$LIBDIR
    meson install -C "$BUILD" --no-rebuild --quiet --destdir "$root"
    mkdir -p "$root/usr/include/$(${CC:-cc} -print-multiarch)"
    export PKG_CONFIG_PATH="$libdir/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$root"
}

# A program keeps one event a run, in a file that stays.
check_output() {
    rm -f "$work"/kept.sqlite*
    for count in 1 2; do
        "$1" "$work/kept.sqlite" pump-7 >"$work/said"
        printf '%s\n' "libcollector $VERSION" "accepted $count" 'delivered 0' \
            'dead 0' 'dropped 0' "pending $count" | diff -u - "$work/said"
    done
}

needed() {
    readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
}

# Run a program that is to find libcollector.so.0 in a directory.
check_shared() {
    needed "$1" | grep -qx 'libcollector\.so\.0' ||
        fail "$1 does not need libcollector.so.0"
    ! needed "$1" | grep -e sqlite3 -e jansson -e curl -e libz >&2 ||
        fail "$1 needs what only the library does"
    LD_LIBRARY_PATH=$2 ldd "$1" | grep -q "=> $2/libcollector.so.0" ||
        fail "$1 does not find libcollector.so.0 in $2"
    export LD_LIBRARY_PATH="$2"
    check_output "$1"
    unset LD_LIBRARY_PATH
}

check_archived() {
    ! needed "$1" | grep -q collector || fail "$1 needs libcollector.so.0"
    check_output "$1"
}
