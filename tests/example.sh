# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What the tests of examples share: they run the program in a directory that
# goes away, and say what is wrong with what it printed.
#
# usage: . example.sh PROGRAM
set -eu

program=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "$*" >&2
    [ ! -f "$work/out" ] || cat "$work/out" >&2
    exit 1
}

# Run it in that directory; what it prints is in $work/out. Where it is another
# machine's, Meson says what runs it.
#
# usage: run [ARGUMENT...]
run() {
    # shellcheck disable=SC2086 # a command and its arguments
    (cd "$work" && ${MESON_EXE_WRAPPER:-} "$program" "$@") >"$work/out" ||
        fail "$program exited with $?"
}
