#!/bin/sh
# SPDX-License-Identifier: MIT
# The manual page has every function as the headers declare it, every error and
# no other name, and the example that is run as a test.
#
# usage: manual.sh PAGE INCLUDE_DIRECTORY EXAMPLE
set -eu

page=$1
include=$2
example=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# same WHAT: what the headers have is what the page has.
same() {
    [ -s "$work/declared" ] || { echo "no $1 was found" >&2; exit 1; }
    diff -u "$work/declared" "$work/described" || {
        echo "the headers and the manual differ: $1" >&2
        exit 1
    }
}

# "type name(type name, type name)", on one line.
cat "$include"/collector/*.h | awk '
    /^COLLECTOR_API/ { text = ""; on = 1 }
    on { gsub(/^ +/, ""); text = text " " $0 }
    on && /;$/ { sub(/^ COLLECTOR_API /, "", text); print text; on = 0 }' |
    sed 's/\* \(collector_[a-z_]*(\)/*\1/; s/( /(/' | sort >"$work/declared"
awk '/^\.Ft / { type = $0; gsub(/^\.Ft |"/, "", type) }
    /^\.Fn [a-z_]+ "/ {
        text = $0
        sub(/^\.Fn /, "", text)
        sub(/ "/, "(", text)
        gsub(/" "/, ", ", text)
        gsub(/\\:/, "", text) # where a line may be broken
        sub(/"$/, ");", text)
        print type (type ~ /\*$/ ? "" : " ") text
    }' "$page" | sort >"$work/described"
same functions

grep -o 'COLLECTOR_[A-Z_]* = ' "$include/collector/error.h" | tr -d ' =' \
    >"$work/declared"
sed -n 's/^\.It Dv //p' "$page" >"$work/described"
same errors

sed 1,2d "$example" >"$work/declared"
awk '/^\.Ed/ { on = 0 } on; /^\.Bd -literal/ { on = 1 }' "$page" |
    sed 's/\\e/\\/g' >"$work/described"
same example

# What else it speaks of.
sed -n 's/^\.\(Fn\|Dv\) \([A-Za-z_]*\).*/\2/p' "$page" | sort -u |
    while read -r name; do
        grep -qw "$name" "$include"/collector/*.h || {
            echo "the manual speaks of $name, which there is not" >&2
            exit 1
        }
    done
