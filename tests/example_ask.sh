#!/bin/sh
# SPDX-License-Identifier: MIT
# The example answers of a file that another one has left, and changes nothing.
#
# usage: example_ask.sh PROGRAM EMBED
. "$(dirname "$0")/example.sh"
embed=$(realpath "$2")

# shellcheck disable=SC2086 # a command and its arguments
(cd "$work" && ${MESON_EXE_WRAPPER:-} "$embed") >/dev/null

run embed.sqlite "SELECT id, device_id, payload_json, 0.5, NULL FROM event_log"
printf '1\tpump-7\t{"celsius":21.4}\t0.5\t\n' | diff -u - "$work/out" ||
    fail "it printed this:"
run embed.sqlite "SELECT count(*) FROM events WHERE uploaded_at IS NULL"
[ "$(cat "$work/out")" = 0 ] || fail "it printed this:"
! (run embed.sqlite "DELETE FROM event_log") 2>"$work/err" ||
    fail "it deleted all"
grep -q 'DELETE is not allowed here' "$work/err" || fail "$(cat "$work/err")"
