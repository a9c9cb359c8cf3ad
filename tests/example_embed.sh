#!/bin/sh
# SPDX-License-Identifier: MIT
# The example keeps an event in a file that stays, and prints what it drains;
# and the README shows it as it is, before any other.
#
# usage: example_embed.sh PROGRAM SOURCE README
tests=$(dirname "$0")
. "$tests/example.sh"
source=$2
readme=$3

"$tests/blocks.sh" "$readme" "$work" c
sed 1,2d "$source" | diff -u - "$work/1.c" || fail "the README shows another"

for id in 1 2; do
    run
    line=$(sed 's/"ts":[0-9]*/"ts":0/' "$work/out")
    wanted='{"id":'$id',"device_id":"pump-7","kind":"temperature","payload":{"celsius":21.4},"ts":0}'
    [ "$line" = "$wanted" ] || fail "run $id printed this:"
done
