#!/bin/sh
# SPDX-License-Identifier: MIT
# The long form of the tests: thousands of power cuts, kills and starts. Prints
# what each test says of itself, and fails when one does.
#
# usage: campaign.sh BUILD_DIRECTORY [test ...]
set -eu

build=$1
shift
export CAMPAIGN=1
exec meson test -C "$build" --suite campaign --timeout-multiplier 0 \
    --num-processes 1 --verbose "$@"
