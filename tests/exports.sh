#!/bin/sh
# SPDX-License-Identifier: MIT
# What the headers declare is what the shared library exports, no more and no
# less, under the one version that programs are bound to; the archive defines no
# name that could collide with a program's; and only memory.c asks the C library
# for memory, so that a program's allocator gets all of it.
# One of the two libraries may be '', where it is not built.
#
# usage: exports.sh INCLUDE_DIRECTORY SHARED_LIBRARY STATIC_LIBRARY
set -eu

include=$1
shared=$2
static=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# none WHAT: nothing was found.
none() {
    [ ! -s "$work/found" ] || {
        echo "$1:" >&2
        cat "$work/found" >&2
        exit 1
    }
}

# A declaration's name begins a line, behind COLLECTOR_API and the type.
grep -A 1 '^COLLECTOR_API' "$include"/collector/*.h |
    grep -o 'collector_[a-z0-9_]*(' | tr -d '(' | sort -u >"$work/declared"
[ -s "$work/declared" ] || {
    echo "no declaration was found" >&2
    exit 1
}
if [ -n "$shared" ]; then
    nm -D --defined-only --with-symbol-versions "$shared" |
        awk '$2 ~ /[TDBR]/ { print $3 }' >"$work/versioned"
    sed 's/@.*//' "$work/versioned" | sort -u >"$work/exported"
    diff -u "$work/declared" "$work/exported" || {
        echo "the headers and the exports differ" >&2
        exit 1
    }
    grep -v '@@LIBCOLLECTOR_0$' "$work/versioned" >"$work/found" || true
    none "exported under another version than LIBCOLLECTOR_0"
    objdump -p "$shared" | grep -q 'SONAME *libcollector\.so\.0$' || {
        echo "the soname is not libcollector.so.0" >&2
        exit 1
    }
fi
[ -n "$static" ] || exit 0
# Sanitizers add names of their own, which begin with an underscore.
nm -g --defined-only "$static" | awk 'NF == 3 { print $3 }' |
    grep -v -e '^collector_' -e '^_' >"$work/found" || true
none "the archive defines names without our prefix"

# "ARCHIVE:MEMBER: name", for all that hand out memory or take it back.
allocators='malloc|calloc|realloc|reallocarray|aligned_alloc|posix_memalign|free'
allocators="$allocators|strn?dup|v?asprintf|__v?asprintf_chk|getline|getdelim"
allocators="$allocators|open_memstream"
nm -A -u "$static" | awk '{ print $1, $NF }' |
    grep -E " ($allocators)\$" >"$work/allocating" || true
grep -q 'memory\.c.* malloc$' "$work/allocating" || {
    echo "memory.c does not call malloc: this looks at the wrong thing" >&2
    exit 1
}
grep -v '[:/_]memory\.c' "$work/allocating" >"$work/found" || true
none "memory that a program's allocator does not get"
