#!/bin/sh
# SPDX-License-Identifier: MIT
# Lay Debian's packages of another architecture, and all they depend on, into a
# directory to compile against and to run from. Nothing is installed, and dpkg
# never hears of that architecture: foreign -dev packages share their names
# with those of this system, and one that can't stand beside its twin would
# push it out. Hence this needs no root either.
#
# usage: sysroot.sh ARCHITECTURE DIRECTORY PACKAGE...
set -eu

arch=$1
mkdir -p "$2"
sysroot=$(realpath "$2")
shift 2
laid=$sysroot/laid.txt
apt=$sysroot/apt

[ "$(cat "$laid" 2>/dev/null)" != "$*" ] || exit 0

# An apt of its own, which knows this system's sources and keys, one
# architecture, and no package that is installed.
foreign_apt() {
    apt-get -q -o APT::Architecture="$arch" -o APT::Architectures::="$arch" \
        -o APT::Sandbox::User= -o APT::Install-Recommends=false \
        -o Dir::State="$apt/state" -o Dir::State::status="$apt/status" \
        -o Dir::Cache="$apt/cache" -o Acquire::Languages=none "$@"
}

[ -f "$laid" ] || [ -z "$(ls -A "$sysroot")" ] || {
    echo "$sysroot holds what is not ours: name another directory" >&2
    exit 1
}
: >"$laid" # from now on it is
find "$sysroot" -mindepth 1 ! -name laid.txt -delete
mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
: >"$apt/status"
# A mirror that is being brought up to date has lists that do not match; without
# one of them older versions are taken, which do as well here.
foreign_apt update >"$apt/log" 2>&1 ||
    echo "some lists of $arch did not come, going on without them" >&2
foreign_apt install -y --download-only "$@" >>"$apt/log" 2>&1 || {
    cat "$apt/log" >&2
    exit 1
}
for package in "$apt/cache/archives"/*.deb; do
    dpkg-deb -x "$package" "$sysroot"
done
# A link to /lib means the one in here, not this system's.
find "$sysroot" -type l -lname '/*' | while read -r link; do
    ln -sfn "$sysroot$(readlink "$link")" "$link"
done
# Meson puts them on PATH, where they would hide programs that run here.
(cd "$sysroot" && rm -rf apt bin sbin usr/bin usr/sbin)
echo "$*" >"$laid"
