#!/bin/sh
# SPDX-License-Identifier: MIT
# Whichever place hangs, it is given up when the time to drain is over, long
# before the webhook itself would, and the batch stays, though the other place
# or even both have it; then both are shown each event once, without a gap.
#
# usage: example_own_sink.sh PROGRAM RECEIVER
#
# shellcheck disable=SC2086 # lists of words: a command, processes, URLs
. "$(dirname "$0")/example.sh"
receiver=$(realpath "$2")
pids=
trap 'kill -KILL $pids; rm -rf "$work"' EXIT

# Wait until a file has so many lines.
#
# usage: await FILE COUNT
await() {
    tries=300
    until [ "$(wc -l <"$1")" -ge "$2" ]; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || fail "there are no $2 lines in $(cat "$1")"
        sleep 0.1
    done
}

# usage: check_pending COUNT
check_pending() {
    echo "$1 events pending" | diff -u - "$work/out" || fail "it printed this:"
}

for place in 1 2; do
    touch "$work/$place.shown" "$work/$place.said" # the shell may be late
    ${MESON_EXE_WRAPPER:-} "$receiver" 127.0.0.1:0 "$work/$place.sqlite" \
        >"$work/$place.shown" 2>"$work/$place.said" &
    pids="$pids $!"
done
urls=
for place in 1 2; do
    await "$work/$place.said" 1
    port=$(sed -n 's/^listening on port //p' "$work/$place.said")
    urls="$urls http://127.0.0.1:$port/"
done

last=0
for hung in 1 2; do
    pid=$(echo $pids | cut -d ' ' -f $hung)
    kill -STOP "$pid"
    began=$(date +%s)
    run 2000 $urls
    [ $(($(date +%s) - began)) -lt 15 ] || fail "it was not broken off"
    check_pending 2
    kill -CONT "$pid"
    await "$work/$hung.shown" $((last + 2)) # it had been sent the batch

    last=$((last + 4))
    run 20000 $urls
    check_pending 0
    for place in 1 2; do
        awk -v last=$last 'BEGIN { for (i = 1; i <= last; i++) print i }' \
            >"$work/wanted"
        await "$work/$place.shown" $last
        sed 's/{"id":\([0-9]*\),.*/\1/' "$work/$place.shown" |
            diff -u "$work/wanted" - || fail "place $place was shown this"
        [ "$(wc -l <"$work/$place.said")" -eq 1 ] ||
            fail "place $place says $(cat "$work/$place.said")"
    done
done
