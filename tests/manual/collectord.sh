#!/bin/sh
# SPDX-License-Identifier: MIT
# collectord(8) and collectord.json(5) have every option, key, route, status,
# signal, variable and exit status of the daemon, with the scopes, defaults and
# limits that it has, and none that it has not; and their examples work.
#
# usage: collectord.sh COLLECTORD FACTS SOURCE_DIRECTORY COLLECTORD.8
#        COLLECTORD.JSON.5
. "$(dirname "$0")/common.sh"

collectord=$1
facts=$2
source=$3
daemon=$source/daemon
command_page=$4
file_page=$5

check_options() {
    "$facts" options >"$work/program"
    page_options >"$work/page"
    same options
    check_flags
    help_options "$collectord" >"$work/program"
    # What the table knows beside the default is not in the help.
    page_options | sed 's/\t\([^d].*\)$/\t/; s/\(\tdefault [^,]*\),.*/\1/' \
        >"$work/page"
    same "options in the help"
}

check_keys() {
    "$facts" keys >"$work/program"
    items DESCRIPTION Cm >"$work/page"
    same keys
    # Each form of a value is explained.
    "$facts" keys | cut -f 2 | sort -u >"$work/program"
    items DESCRIPTION Em >"$work/page"
    same "forms of a value"
}

# The README lists those that take a restart too.
check_restart() {
    "$facts" keys | sed -n 's/\t.*\trestart$//p' >"$work/program"
    page=$source/README.md
    awk '/^These take a restart: / { on = 1 }
        on { print " " $0 }
        on && /\. / { exit }' "$page" | sed 's/\. .*//' |
        tr -d '`' | grep -o ' -[a-z-]*' | cut -c 3- >"$work/page"
    same "options that take a restart"
}

# "GET, HEAD /path (scope)", out of the rows of the table.
check_routes() {
    awk '/^static const struct route routes\[\]/ { on = 1; next }
        on && /^};/ { exit }
        on { text = text $0 }
        END {
            count = split(text, rows, "{\"")
            for (i = 2; i <= count; i++) {
                gsub(/[ "]|ACCESS_/, "", rows[i])
                split(rows[i], row, ",")
                print row[2] (row[4] == "true" ? ", HEAD" : ""), row[1],
                    "(" tolower(row[3]) ")"
            }
        }' "$daemon/routes.c" >"$work/program"
    items "HTTP INTERFACE" Ic >"$work/page"
    same routes
    # Not the words that a member or a parameter may have.
    awk '/^static const char \*const / { on = 1 }
        !on
        /;$/ { on = 0 }' "$daemon/route_stats.c" "$daemon/route_health.c" \
        "$daemon/route_dead_letters.c" "$daemon/route_devices.c" \
        "$daemon/route_events_search.c" "$daemon/route_history.c" \
        "$daemon/route_runs.c" |
        grep -oh '"[a-z][a-z_]*"' | tr -d '"' | sort -u >"$work/members"
    grep -qx wal_pinned_ms "$work/members" || fail "no members are found"
    # shellcheck disable=SC2046 # one argument a name
    has $(cat "$work/members")
}

# "404 Not Found": what has words, and what is sent.
check_statuses() {
    awk '/case [1-5][0-9][0-9]:/ { status = substr($2, 1, 3) }
        status != "" && /return "/ {
            split($0, words, "\"")
            print status, words[2]
            status = ""
        }' "$daemon/answer.c" >"$work/program"
    section "HTTP INTERFACE" | sed -n 's/^\.It \([1-5][0-9][0-9] \)/\1/p' \
        >"$work/page"
    same statuses
    cut -c 1-3 "$work/page" >"$work/statuses"
    mv "$work/statuses" "$work/page"
    grep -ohE -e '(answer_[a-z]+|refuse)\(&?request, [1-5][0-9]{2}' \
        -e 'meaning\)\{[1-5][0-9]{2}' -e '\? [1-5][0-9]{2} : [1-5][0-9]{2}' \
        "$daemon"/*.c | grep -oE '[1-5][0-9]{2}' | sort -u >"$work/program"
    # These two it has from the table of routes.
    printf '%s\n' 401 403 >>"$work/program"
    sort -u -o "$work/program" "$work/program"
    same "statuses that are sent"
}

check_signals() {
    grep -ohw 'SIG[A-Z]*' "$daemon"/*.c | sort -u >"$work/program"
    items SIGNALS Dv | tr -s ', ' '\n' >"$work/page"
    same signals
}

check_environment() {
    grep -ohE -e 'getenv\("[A-Z_]*"' -e '"[A-Za-z]+_(proxy|PROXY)"' \
        "$daemon"/*.c "$source"/lib/*.c |
        cut -d '"' -f 2 | sort -u >"$work/read"
    [ -s "$work/read" ] || fail "nothing that reads a variable is found"
    items ENVIRONMENT Ev | tr -s ', ' '\n' >"$work/variables"
    while read -r name; do
        grep -qx "$name" "$work/variables" || fail "$page: $name is not in it"
    done <"$work/read"
}

check_headers() {
    grep -ohE 'X-Collector(-[A-Z][a-z]+)+' "$source"/lib/webhook_*.c | sort -u \
        >"$work/program"
    section DELIVERY | grep -o 'X-Collector[A-Za-z-]*' >"$work/page"
    same "headers of a batch"
}

# Views are there to be read; of the tables some are the library's own.
check_database() {
    sed -n 's/^"CREATE \(TABLE\|VIEW\) \([a-z_]*\).*/\2/p' \
        "$source/lib/schema_sql.h" |
        grep -vx -e event_log -e state -e device_state -e idempotency \
        >"$work/program"
    items FILES Va >"$work/page"
    same "tables and views"
}

# What NAME is defined to be, in figures.
value() {
    cat "$source"/include/collector/*.h "$daemon"/*.[ch] |
        sed -n "s/^#define $1 //p" | tr -d '"' |
        sed 's/UINT64_C//g; s|/\*.*||' >"$work/defined"
    [ "$(wc -l <"$work/defined")" -eq 1 ] ||
        fail "$1 is not defined once: the limits can't be looked at"
    expression=$(cat "$work/defined")
    # shellcheck disable=SC2004 # dash takes no variable that is no number
    case $expression in
    [A-Z]*) value "$expression" ;;
    *) echo $(($expression)) ;;
    esac
}

bytes() {
    size=$(value "$1")
    if [ $((size % 1048576)) -eq 0 ]; then
        echo "$((size / 1048576)) MiB"
    elif [ $((size % 1024)) -eq 0 ] && [ "$size" -gt 1024 ]; then
        echo "$((size / 1024)) KiB"
    else
        echo "$size"
    fi
}

seconds() {
    ms=$(value "$1")
    if [ $((ms % 3600000)) -eq 0 ]; then
        echo "$((ms / 3600000)) h"
    else
        echo "$((ms / 1000)) s"
    fi
}

check_limits() {
    tr '@' '\t' >"$work/program" <<EOF
bytes of device_id@$(bytes COLLECTOR_DEVICE_ID_SIZE_MAX)
bytes of kind@$(bytes COLLECTOR_KIND_SIZE_MAX)
bytes of payload@$(bytes COLLECTOR_PAYLOAD_SIZE_MAX)
levels of arrays and objects in it@$(value COLLECTOR_PAYLOAD_DEPTH_MAX)
bytes of an event beside it@$(bytes COLLECTOR_EVENT_REST_SIZE_MAX)
bytes of a body@$(bytes COLLECTOR_APPEND_TEXT_SIZE_MAX)
events in it@$(value COLLECTOR_APPEND_COUNT_MAX)
time for a body@$(seconds BODY_TIME_MS_MAX)
bytes of a head@$(bytes HEAD_SIZE_MAX)
silence in a head or a body@$(seconds SILENCE_MS)
silence between two requests@$(seconds IDLE_MS)
connections that wait for a thread@$(value QUEUE_COUNT)
bytes of an Idempotency-Key@$(bytes COLLECTOR_IDEMPOTENCY_KEY_SIZE_MAX)
dead letters in an answer@$(value LISTING_COUNT_MAX)
ids in a request@$(value COLLECTOR_DEAD_LETTER_STEP_MAX)
events, devices or runs in an answer@$(value LISTING_COUNT_MAX)
bytes of such an answer@$(bytes LISTING_SIZE_MAX)
bytes of text@$(value COLLECTOR_READER_TEXT_SIZE_MAX)
questions at a time@$(value READERS_COUNT_MAX)
requests that ask, or take an answer@$(value READERS_REQUEST_COUNT_MAX)
time that they wait to ask@$(seconds READERS_WAIT_MS)
time for a question@$(seconds READERS_DEADLINE_MS)
time for a snapshot, at least@$(seconds STREAM_MS_MIN)
time for requests when it stops@$(seconds HTTP_STOP_MS_MAX)
Retry-After that is obeyed@$(seconds COLLECTOR_RETRY_AFTER_MS_MAX)
dead letters in a row@$(value COLLECTOR_DEAD_IN_A_ROW_MAX)
a delivery, before it counts as stuck@$(seconds COLLECTOR_STALL_MS)
damaged files that are kept@$(value COLLECTOR_QUARANTINE_COUNT_MAX)
tokens@$(value ACCESS_TOKEN_COUNT_MAX)
bytes of a configuration file@$(bytes CONFIG_FILE_SIZE_MAX)
EOF
    section "HTTP INTERFACE" | grep '^\.It .* Ta ' | plain >"$work/page"
    same limits
    size="$(value ACCESS_TOKEN_SIZE_MIN) to $(value ACCESS_TOKEN_SIZE_MAX)"
    grep -q "$size letters" "$page" || fail "$page: a token is $size letters"
}

check_exit_statuses() {
    {
        status_of "$collectord" -help
        status_of "$collectord" -db "$work/none/x" -addr 127.0.0.1:0
        status_of "$collectord" -no-such-option
    } | sort -u >"$work/program"
    section "EXIT STATUS" | sed -n 's/^\.It //p' >"$work/page"
    same "exit statuses"
}

# Everything but the daemon takes a collector that runs.
check_commands() {
    displays EXAMPLES | sed '/^{/,/^}/d' >"$work/typed"
    run_typed collectord
}

# Each object that is shown; what it names is there.
check_examples() {
    printf 'ingest 0123456789abcdef\n' >"$work/tokens"
    displays EXAMPLES | sed "s|/run/credentials/[^\"]*|$work/tokens|" |
        awk -v path="$work/example-" '/^{/ { on = 1; count++ }
            on { print >(path count) }
            /^}/ { on = 0 }'
    for example in "$work"/example-*; do
        cp "$example" "$work/collectord.json"
        "$collectord" -config "$work/collectord.json" -check-config \
            >"$work/said" || fail "$page: an example is not a configuration"
    done
    check_commands
}

# error FILE:LINE: "KEY" "VALUE"... is what is said of "KEY": "VALUE" there.
check_mistakes() {
    displays DIAGNOSTICS | grep '^error ' >"$work/mistakes"
    while read -r mistake; do
        line=$(echo "$mistake" | cut -d : -f 2)
        key=$(echo "$mistake" | cut -d '"' -f 2)
        value=$(echo "$mistake" | cut -d '"' -f 4)
        {
            yes '' | head -n $((line - 1))
            printf '{"%s": "%s"}\n' "$key" "$value"
        } >"$work/collectord.json"
        (cd "$work" && "$collectord" -config collectord.json -check-config) \
            2>"$work/said" && fail "$page: no mistake: $mistake"
        echo "$mistake" | diff - "$work/said" ||
            fail "$page: that mistake (<) is said otherwise (>)"
    done <"$work/mistakes"
}

page=$command_page
check_options
check_routes
check_statuses
check_signals
check_environment
check_headers
check_database
check_limits
check_exit_statuses
check_commands

page=$file_page
"$facts" options >"$work/program"
check_flags
check_keys
check_examples
check_mistakes
check_restart
