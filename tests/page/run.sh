#!/bin/sh
# SPDX-License-Identifier: MIT
# Look at the page of collectord with a browser: Debian's chromium, and
# playwright-core from npm. All of it stays in the build directory, and so do
# the pictures that are taken on the way.
#
# usage: run.sh BUILD_DIRECTORY [options of node --test]
set -eu

source=$(realpath "$(dirname "$0")")
build=$(realpath "$1")
work=$build/tests/page
shift

CHROMIUM=$(command -v chromium) || {
    echo "there is no chromium" >&2
    exit 1
}
COLLECTORD=$build/daemon/collectord
PAGE=$source/../../daemon/page
export CHROMIUM COLLECTORD PAGE

"$source/../npm.sh" "$source" "$work"
cp "$source"/*.mjs "$work"
cd "$work"
# What hangs is ended: the tests bound all that they wait for.
exec timeout 600 node --test "$@" "$work"/*.test.mjs
