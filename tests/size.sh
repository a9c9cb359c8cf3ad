#!/bin/sh
# SPDX-License-Identifier: MIT
# How large the small library is: the README's table of bytes, for each
# architecture. First comes the shared library, as size(1) counts it: code,
# constants, and the tables of the dynamic linker. Linked is what a program takes
# out of the archive that is linked with --gc-sections: examples/firmware.c,
# which opens, appends and drains into a sink of its own.
#
# The library alone may have so many bytes of code; beyond that the script
# fails.
#
# usage: size.sh BUILD_DIRECTORY ARCHITECTURE...
set -eu

CODE_MAX=65536

mkdir -p "$1"
parent=$(realpath "$1")
here=$(dirname "$0")
source=$here/..
native=$(dpkg --print-architecture)
shift

# Set up and build: ARCHITECTURE DIRECTORY [options]
build() {
    arch=$1
    build=$2
    shift 2
    rm -rf "$build"
    set -- "$build" -Dbuildtype=minsize -Ddaemon=disabled -Dwebhook=disabled \
        -Dreader=disabled -Dtests=disabled -Ddefault_library=both "$@"
    if [ "$arch" = "$native" ]; then
        meson setup "$source" "$@" >/dev/null
    else
        shift
        (cd "$source" && tests/cross/setup.sh "$arch" "$build" "$@" >/dev/null)
    fi
    ninja -C "$build" --quiet
}

# What a program has from the archive, by the linker's map: bytes of code and
# constants, of data, and of bss.
linked_from() {
    awk 'function number(hex,    i, n) {
            for (i = 3; i <= length(hex); i++)
                n = n * 16 + index("123456789abcdef", substr(hex, i, 1))
            return n
        }
        /^Linker script and memory map/ { on = 1 }
        !on { next }
        /^ \.(text|rodata|data|bss)/ { kind = $1 }
        /libcollector\.a\(/ {
            size = NF > 3 ? $3 : $2
            if (kind ~ /^\.text/) text += number(size)
            if (kind ~ /^\.rodata/) text += number(size)
            if (kind ~ /^\.data/) data += number(size)
            if (kind ~ /^\.bss/) bss += number(size)
        }
        /\)$/ || NF > 3 { kind = "" }
        END { printf "%d %d %d", text, data, bss }' "$1"
}

row() {
    printf '| %s | %s |' "$1" "$2"
    shift 2
    printf ' %s |' "$@"
    echo
}

echo '| | salvage | shared: code | text | data | bss | linked: text | data | bss |'
echo '| --- | --- | --- | --- | --- | --- | --- | --- | --- |'
for arch in "$@"; do
    cc=gcc
    [ "$arch" = "$native" ] || cc=$("$here/cross/triplet.sh" "$arch")-gcc
    for salvage in enabled disabled; do
        whole=$parent/$arch-$salvage
        plain=$whole-plain
        build "$arch" "$whole" -Db_lto=true -Dsalvage="$salvage"
        build "$arch" "$plain" -Dsalvage="$salvage"
        library=$(realpath "$whole/lib/libcollector.so")
        # shellcheck disable=SC2046 # three numbers
        set -- $(size "$library" | awk 'NR == 2 { print $1, $2, $3 }')
        code=$(size -A "$library" | awk '$1 == ".text" { print $2 }')
        sysroot=
        [ "$arch" = "$native" ] || sysroot=--sysroot=$parent/sysroot-$arch
        # shellcheck disable=SC2086 # none, or one option
        "$cc" $sysroot -Os -I"$source/include" "$source/examples/firmware.c" \
            "$plain/lib/libcollector.a" -o "$plain/firmware" -lsqlite3 \
            -ljansson -pthread -Wl,--gc-sections,-Map="$plain/map"
        # shellcheck disable=SC2046 # three numbers
        row "$arch" "$salvage" "$code" "$@" $(linked_from "$plain/map")
        [ "$code" -le $CODE_MAX ] || {
            echo "more than $CODE_MAX bytes of code" >&2
            exit 1
        }
    done
done
