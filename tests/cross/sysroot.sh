#!/bin/sh
# SPDX-License-Identifier: MIT
# Lay Debian's packages of another architecture into a directory to compile
# against and to run from. Installed they would not do: foreign -dev packages
# share their names with those of this system, and one that can't stand beside
# its twin would push it out.
#
# usage: sysroot.sh ARCHITECTURE DIRECTORY PACKAGE...
set -eu

"$(dirname "$0")/../lay.sh" "$@"
sysroot=$(realpath "$2")
# A link to /lib means the one in here, not this system's.
find "$sysroot" -type l -lname '/*' ! -lname "$sysroot/*" | while read -r link; do
    ln -sfn "$sysroot$(readlink "$link")" "$link"
done
# Meson puts them on PATH, where they would hide programs that run here.
(cd "$sysroot" && rm -rf bin sbin usr/bin usr/sbin)
