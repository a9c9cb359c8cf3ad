#!/bin/bash
# SPDX-License-Identifier: MIT
# bash completes what collectorctl takes, at each place of its command line, and
# nothing else: the completion is sourced, and asked as bash asks it.
#
# usage: completion.bash COLLECTORCTL COMPLETION
set -euo pipefail

program=$1
completion=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# shellcheck source=/dev/null
. "$completion"
complete -p collectorctl | grep -q ' -F _collectorctl ' || {
    echo "nothing is registered" >&2
    exit 1
}
cd "$work"
touch events.sqlite empty token 'b c.sqlite'

# The words of COMP_LINE as bash has them: quoted as they stand there, and taken
# apart at colons and equals signs.
take_apart() {
    local rest=$COMP_LINE
    local word='^[[:space:]]*(([^[:space:]=:\\"]|\\.|"[^"]*("|$))+|[=:]+)'

    COMP_WORDS=()
    while [[ $rest =~ $word ]]; do
        COMP_WORDS+=("${BASH_REMATCH[1]}")
        rest=${rest#"${BASH_REMATCH[0]}"}
    done
    [[ -z $rest ]] || COMP_WORDS+=('') # behind a space
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
}

# check "LINE" WORD...: what the line completes to, in any order.
check() {
    COMP_LINE="$program $1"
    COMP_POINT=${#COMP_LINE}
    COMPREPLY=()
    take_apart
    shift
    _collectorctl "$program"
    printf '%s\n' "$@" | sort >wanted
    printf '%s\n' "${COMPREPLY[@]}" | sort | diff -u wanted - || {
        echo "completing: $COMP_LINE" >&2
        exit 1
    }
    rm wanted
}

mapfile -t commands < <("$program" -help |
    sed -n '/^Commands:/,/^Options:/ s/^  \([a-z][a-z-]*\).*/\1/p')
[ ${#commands[@]} -ge 10 ]

check 'ev' events.sqlite
check '-format csv -token-file token e' events.sqlite empty
check 'events.sqlite ' "${commands[@]}"
check 'http://127.0.0.1:8080 ' "${commands[@]}"
check '--deadline 1s events.sqlite ev' event events
check 'events.sqlite tail -de' -device -deadline
check 'events.sqlite tail -format ' table json csv ndjson
check 'events.sqlite tail --format=n' ndjson
check 'events.sqlite runs -status d' dead dropped
check 'events.sqlite tail -device ' ''
check 'http://x devices -token-file to' token
check 'events.sqlite dead-letters re' replay
check 'events.sqlite snapshot em' empty
check 'events.sqlite stats ' ''
check 'stats e' events.sqlite empty
check 'dead-letters events.sqlite p' purge
check 'snapshot events.sqlite em' empty
check 'stats events.sqlite ' ''
check 'events.sqlite query -limit 3 ' ''
check 'b\ c.sqlite st' stats
check '"b c.sqlite" -format=csv st' stats
check '-token-file b\ c.sqlite http://127.0.0.1:8080 run' runs
check 'b\ c' 'b c.sqlite'
check '"b ' 'b c.sqlite'
