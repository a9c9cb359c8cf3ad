#!/bin/sh
# SPDX-License-Identifier: MIT
# loadgen(1) has every option of loadgen -help with its default, every member of
# what it prints, and every exit status; and its examples are command lines.
#
# usage: loadgen.sh LOADGEN COLLECTORD SOURCE_DIRECTORY LOADGEN.1
. "$(dirname "$0")/common.sh"

loadgen=$1
collectord=$2
source=$3/tests/loadgen
page=$4

help_options "$loadgen" >"$work/program"
page_options >"$work/page"
same options
check_flags

# A name in the source stands before its format's value.
for name in report machine target stats trouble cell bench growth drain counter
do
    cat "$source/$name.c"
done | grep -oE '"[a-z0-9]+(_[a-z0-9]+)+"' | tr -d '"' | sort -u >"$work/members"
grep -qx events_per_s "$work/members" || fail "no members are found"
# shellcheck disable=SC2046 # one argument a name
has $(cat "$work/members")

{
    status_of "$loadgen" -help
    status_of "$loadgen" -target http://127.0.0.1:1
    status_of "$loadgen"
} | sort -u >"$work/program"
section "EXIT STATUS" | sed -n 's/^\.It //p' >"$work/page"
same "exit statuses"

displays EXAMPLES >"$work/typed"
run_typed loadgen
