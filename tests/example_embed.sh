#!/bin/sh
# SPDX-License-Identifier: MIT
# The example keeps an event in a file that stays, and prints what it drains;
# and the README shows it as it is.
#
# usage: example_embed.sh PROGRAM SOURCE README
set -eu

program=$(realpath "$1")
source=$2
readme=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

awk '/^```c$/ { on = 1; next } /^```$/ { on = 0 } on' "$readme" >"$work/shown"
sed 1,2d "$source" | diff -u - "$work/shown" || {
    echo "the README shows another example" >&2
    exit 1
}

cd "$work"
for id in 1 2; do
    "$program" >out
    line=$(sed 's/"ts":[0-9]*/"ts":0/' out)
    wanted='{"id":'$id',"device_id":"pump-7","kind":"temperature","payload":{"celsius":21.4},"ts":0}'
    [ "$line" = "$wanted" ] || {
        echo "run $id printed: $line" >&2
        exit 1
    }
done
