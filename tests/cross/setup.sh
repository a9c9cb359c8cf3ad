#!/bin/sh
# SPDX-License-Identifier: MIT
# Set up a build directory for another architecture of Debian's, with what it
# takes to compile for it.
#
# usage: setup.sh ARCHITECTURE BUILD_DIRECTORY [meson setup options]
set -eu

here=$(dirname "$0")
arch=$1
build=$2
shift 2
triplet=$("$here/triplet.sh" "$arch")
sysroot=$(dirname "$build")/sysroot-$arch

"$here/sysroot.sh" "$arch" "$sysroot" libc6-dev libsqlite3-dev libjansson-dev \
    libcurl4-openssl-dev zlib1g-dev libcivetweb-dev check
cat >"$sysroot/sysroot.ini" <<EOF
[constants]
sysroot = '$(realpath "$sysroot")'
EOF
[ ! -f "$build/build.ninja" ] || exit 0
meson setup "$build" --cross-file "$here/$triplet.ini" \
    --cross-file "$sysroot/sysroot.ini" "$@"
