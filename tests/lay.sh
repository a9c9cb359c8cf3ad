#!/bin/sh
# SPDX-License-Identifier: MIT
# Lay Debian's packages, and all they depend on, into a directory. Nothing is
# installed, so that no service of theirs is started, dpkg never hears of them,
# and no root is needed. What this system has already is left out where it is of
# the same architecture; a foreign one gets everything.
#
# usage: lay.sh ARCHITECTURE DIRECTORY PACKAGE...
set -eu

arch=$1
mkdir -p "$2"
directory=$(realpath "$2")
shift 2
laid=$directory/laid.txt
apt=$directory/apt
status=/var/lib/dpkg/status

[ "$(cat "$laid" 2>/dev/null)" != "$*" ] || exit 0

# An apt of its own, which knows this system's sources and keys, and one
# architecture. It only reads what the system's lock is for.
own_apt() {
    apt-get -q -o APT::Architecture="$arch" -o APT::Architectures::="$arch" \
        -o APT::Sandbox::User= -o APT::Install-Recommends=false \
        -o Dir::State="$apt/state" -o Dir::State::status="$status" \
        -o Dir::Cache="$apt/cache" -o Acquire::Languages=none \
        -o Debug::NoLocking=true "$@"
}

[ -f "$laid" ] || [ -z "$(ls -A "$directory")" ] || {
    echo "$directory holds what is not ours: name another directory" >&2
    exit 1
}
: >"$laid" # from now on it is
find "$directory" -mindepth 1 ! -name laid.txt -delete
mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
if [ "$arch" != "$(dpkg --print-architecture)" ]; then
    status=$apt/status
    : >"$status"
fi
# A mirror that is being brought up to date has lists that do not match; without
# one of them older versions are taken, which do as well here.
own_apt update >"$apt/log" 2>&1 ||
    echo "some lists of $arch did not come, going on without them" >&2
own_apt install -y --download-only "$@" >>"$apt/log" 2>&1 || {
    cat "$apt/log" >&2
    exit 1
}
for package in "$apt/cache/archives"/*.deb; do
    [ ! -e "$package" ] || dpkg-deb -x "$package" "$directory"
done
rm -rf "$apt"
echo "$*" >"$laid"
