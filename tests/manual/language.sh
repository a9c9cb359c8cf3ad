#!/bin/sh
# SPDX-License-Identifier: MIT
# Neither mandoc nor groff has anything to say about the manual pages.
#
# usage: language.sh MANDOC GROFF PAGE...
#
# MANDOC and GROFF may be empty; then that one is not asked.
set -eu

mandoc=$1
groff=$2
shift 2
said=$(mktemp)
trap 'rm -f "$said"' EXIT

[ -n "$mandoc$groff" ] || {
    echo "skipped: there is neither mandoc nor groff"
    exit 77
}
[ -z "$mandoc" ] || "$mandoc" -T lint -W warning "$@" >>"$said" 2>&1 || true
[ -z "$groff" ] || for page in "$@"; do
    "$groff" -mandoc -ww -z -T utf8 "$page" >>"$said" 2>&1 || echo "$page" >>"$said"
done
[ ! -s "$said" ] || {
    cat "$said" >&2
    exit 1
}
