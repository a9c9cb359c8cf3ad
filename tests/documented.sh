#!/bin/sh
# SPDX-License-Identifier: MIT
# The README's table of options is what collectord -help says: the same names,
# the same defaults.
#
# usage: documented.sh COLLECTORD README
set -eu

collectord=$1
readme=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# "  -name ARGUMENT" and on the next line "... (default X)".
"$collectord" -help | awk '
    /^  -/ { name = $1; next }
    name != "" {
        value = ""
        if (match($0, /\(default [^)]*\)/))
            value = substr($0, RSTART + 9, RLENGTH - 10)
        print name, value
        name = ""
    }' | grep -v -e '^-help' -e '^-version' | sort >"$work/help"
# "| `-name ARGUMENT` | `default` | meaning |"; other tables say more of some.
awk -F '|' '/^## / { on = /^## Options/ }
    on && /^\| `-/ {
        gsub(/[` ]/, "", $3)
        split($2, words, /[` ]+/)
        print words[2], $3
    }' "$readme" | sort >"$work/readme"
[ -s "$work/help" ] || { echo "-help lists no option" >&2; exit 1; }
diff -u "$work/help" "$work/readme"
