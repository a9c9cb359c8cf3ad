#!/bin/sh
# SPDX-License-Identifier: MIT
# The layouts that are written down name all structs and enums, and are true:
# a compiler that can be told the target says so, without running a program.
#
# usage: layouts.sh INCLUDE_DIRECTORY LIST CLANG
#
# CLANG may be empty; then what only it can tell is skipped.
set -eu

include=$1
list=$2
clang=$3
here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The names of a layout, as the list has them.
names() {
    awk '/^(struct|enum)/ { name = $2; print toupper($1) "(" name ")" }
        /^  \./ { print "MEMBER(" name ", " substr($1, 2) ")" }
        /^  C/ { print "VALUE(" $1 ")" }' "$1"
}

# holds LAYOUT TARGET...
holds() {
    layout=$1
    shift
    names "$here/$layout.txt" >"$work/names"
    diff -u "$list" "$work/names" || {
        echo "$layout.txt is not about what the headers declare" >&2
        exit 1
    }
    awk -f "$here/asserts.awk" "$here/$layout.txt" >"$work/$layout.c"
    for target in "$@"; do
        [ -n "$clang" ] || continue
        echo "$layout.txt on $target"
        # Freestanding: the headers need no C library of that target.
        "$clang" --target="$target" -std=c11 -ffreestanding -fsyntax-only \
            -I "$include" "$work/$layout.c"
    done
}

[ -s "$list" ] || { echo "the headers declare nothing" >&2; exit 1; }
holds lp64 x86_64-linux-gnu aarch64-linux-gnu s390x-linux-gnu \
    riscv64-linux-gnu
holds ilp32 arm-linux-gnueabihf arm-linux-gnueabi mipsel-linux-gnu
[ -n "$clang" ] || {
    echo "no clang: other targets than this one are not looked at"
    exit 77
}
