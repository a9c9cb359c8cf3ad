#!/bin/sh
# SPDX-License-Identifier: MIT
# Build everything for other architectures of Debian's, and run the tests of the
# library there under qemu's emulation of their processor. Those of the daemon
# are left out: they start it by its name, and this system can't execute it.
#
# usage: cross.sh BUILD_DIRECTORY ARCHITECTURE...
set -eu

parent=$1
here=$(dirname "$0")/cross
shift

# What slow tests do less of: enough to see whether it works there.
export CUTS="${CUTS:-50}" MODEL_STEPS="${MODEL_STEPS:-200}"
export CK_TIMEOUT_MULTIPLIER="${CK_TIMEOUT_MULTIPLIER:-4}"

for arch in "$@"; do
    build=$parent/$arch
    "$here/setup.sh" "$arch" "$build" -Dbuildtype=release -Dwerror=true
    ninja -C "$build" --quiet
    meson test -C "$build" --list --suite unit --suite fuzz --suite fault \
        --suite examples --suite abi 2>/dev/null |
        sed -n 's/.* \/ //p' >"$build/all.txt"
    sed 's/^#.*//; s/ .*//' "$here/excluded.txt" |
        grep -v -x -F -f - "$build/all.txt" >"$build/chosen.txt"
    # shellcheck disable=SC2046 # one argument a test
    tests/run.sh "$build" --no-rebuild --timeout-multiplier 4 \
        $(cat "$build/chosen.txt")
done
