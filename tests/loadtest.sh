#!/bin/sh
# SPDX-License-Identifier: MIT
# Load collectord over HTTP as its users would, beside the floor of what the
# HTTP server alone can do on this machine, and print what came of it. Every
# event is looked up in the file afterwards. Takes about two minutes.
#
# usage: loadtest.sh BUILD_DIRECTORY [DURATION]
set -eu

build=$(cd "$1" && pwd)
duration=${2:-10s}
paired_duration=${2:-30s}
collectord=$build/daemon/collectord
loadgen=$build/tests/loadgen/loadgen
directory=$(mktemp -d "$build/loadtest-XXXXXX")
pids=

# Have a program end, by force if it takes longer than it may.
stop() {
    kill "$1" 2>/dev/null || return 0
    for _ in $(seq 150); do
        kill -0 "$1" 2>/dev/null || break
        sleep 0.1
    done
    kill -9 "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

stop_all() {
    for pid in $pids; do
        stop "$pid"
    done
    pids=
}

clean_up() {
    stop_all
    rm -rf "$directory"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

# Start a program, and set $pid and $port.
start() {
    log=$directory/$1.log
    shift
    : >"$log"
    "$@" >"$log" 2>&1 &
    pid=$!
    pids="$pids $pid"
    for _ in $(seq 50); do
        port=$(sed -n 's/.*listening on [^ ]*:\([0-9]*\).*/\1/p' "$log")
        [ -n "$port" ] && return
        sleep 0.1
    done
    cat "$log" >&2
    echo "loadtest: $1 does not start" >&2
    exit 1
}

# A number from the first cell of a report on one line.
member() {
    sed 's/.*"cells":\[{//; s/},{"role".*//' "$1" |
        sed -n "s/.*\"$2\":\([0-9.]*\).*/\1/p"
}

# Run a measurement of a collector, and keep its report.
measure() {
    report=$directory/$1.json
    shift
    "$loadgen" -json "$@" >"$report" || {
        cat "$report"
        echo "loadtest: a measurement failed" >&2
        exit 1
    }
}

resident() {
    awk -v member="$2:" '$1 == member { printf "%.1f MiB", $2 / 1024 }' \
        "/proc/$1/status"
}

ratio() {
    awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'
}

line() {
    printf '%-58s %12s  %s\n' "$1" "$2" "${3:-}"
}

start floor "$loadgen" -floor 127.0.0.1:0 -workers 1100
floor=http://127.0.0.1:$port
start count "$loadgen" -count 127.0.0.1:0
upstream=http://127.0.0.1:$port/ingest

# Start the collector that is measured most; its upstream takes all it gets.
start_collector() {
    start collectord "$collectord" -db "$directory/events.sqlite" \
        -addr 127.0.0.1:0 -max-backlog 0 -sink webhook -webhook-url "$upstream"
    collector=http://127.0.0.1:$port
}

start_collector
sleep 1
idle=$(resident "$pid" VmRSS)
measure batches -target "$collector" -workers 64 -batch 100 -duration "$duration"
batch_events=$(member "$report" events_per_s)
kept=$(member "$report" accepted)
stop "$pid"

start_collector
measure memory -target "$collector" -workers 64 -duration "$duration"
peak=$(resident "$pid" VmHWM)
measure single -target "$collector" -against "$floor" -workers 64 \
    -duration "$paired_duration" -db "$directory/events.sqlite"
single=$(member "$report" requests_per_s)
to_floor=$(member "$report" ratio)
p99=$(member "$report" p99_ms)
backlog=$(member "$report" backlog)
stop_all

start many "$collectord" -db "$directory/many.sqlite" -addr 127.0.0.1:0 \
    -max-backlog 0 -http-threads 1100
collector=http://127.0.0.1:$port
measure few -target "$collector" -workers 64 -duration "$duration"
few=$(member "$report" requests_per_s)
measure many -target "$collector" -workers 1000 -duration "$duration" \
    -db "$directory/many.sqlite"
many=$(member "$report" requests_per_s)
stop_all

echo "collectord, one process, durability full, webhook sink on loopback"
line "single events, 64 connections" "$single" "requests/s, p99 $p99 ms"
line "  / the HTTP server alone" "$to_floor"
line "  backlog at the end" "$backlog" "events"
line "batches of 100, 64 connections" "$batch_events" "events/s"
line "  / single events" "$(ratio "$batch_events" "$single")"
line "single events, 1000 connections, log sink" "$many" "requests/s"
line "  / 64 connections" "$(ratio "$many" "$few")"
line "resident when idle" "$idle"
line "resident at most, 64 connections for $duration" "$peak" "with $kept events kept"
