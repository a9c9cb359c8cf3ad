#!/bin/sh
# SPDX-License-Identifier: MIT
# collectorctl(1) has every command and every option of collectorctl -help with
# its default, every exit status of its table, and the README those commands and
# statuses too; and its examples are command lines.
#
# usage: collectorctl.sh COLLECTORCTL SOURCE_DIRECTORY COLLECTORCTL.1
. "$(dirname "$0")/common.sh"

collectorctl=$1
source=$2
page=$3

help_options "$collectorctl" >"$work/program"
page_options >"$work/page"
same options
check_flags

"$collectorctl" -help | sed -n '/^Commands:/,/^Options:/ s/^  \([a-z].*\)/\1/p' |
    tr -d '[]' >"$work/program"
section COMMANDS | sed -n 's/^\.It Ic //p' |
    sed 's/ \(Ar\|Cm\|Op\|Oo\|Oc\) / /g; s/ \(Ar\|Cm\|Op\|Oo\|Oc\) / /g; s/ Oc$//; s/ | /|/g' \
        >"$work/page"
same commands

status_names() {
    sed -n "/^enum command_status/,/^}/ s/.* = \([0-9]\),\{0,1\}$/\1/p" \
        "$source/daemon/ctl/command.h"
}
status_names >"$work/program"
section "EXIT STATUS" | sed -n 's/^\.It //p' >"$work/page"
same "exit statuses"

# The README's tables, in its section of it.
readme() {
    awk '/^## / { on = $0 == "## collectorctl" } on' "$source/README.md"
}
page=$source/README.md
readme | grep -o '^| [0-9] |' | tr -d '| ' >"$work/page"
same "exit statuses"
"$collectorctl" -help | sed -n '/^Commands:/,/^Options:/ s/^  \([a-z-]*\).*/\1/p' |
    grep . >"$work/program"
readme | sed -n 's/^| `\([a-z-]*\).*/\1/p' >"$work/page"
same commands

page=$3
displays EXAMPLES >"$work/typed"
run_typed collectorctl
