#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Have libFuzzer draw inputs for each target, or for those that are named, one
# after the other; print how many it tried and what they reached. Fails when one
# broke a promise: the input is in BUILD_DIRECTORY/found then.
#
# What it comes upon is kept in BUILD_DIRECTORY/corpus, for the next run.
#
# usage: fuzz.sh BUILD_DIRECTORY SECONDS_EACH [TARGET ...]
set -euo pipefail
cd "$(dirname "$0")/.."

build=$1
seconds=$2
shift 2

# An input that takes longer hangs; the slowest takes a thousandth of it.
input_seconds_max=30
# What a target may take, of which the sanitizers take most.
memory_mb_max=2048

export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export ASAN_OPTIONS=abort_on_error=1:detect_leaks=1:malloc_context_size=5:quarantine_size_mb=16

[ -f "$build/build.ninja" ] ||
    CC=clang meson setup "$build" -Dfuzz=true -Dwerror=true \
        -Db_sanitize=address,undefined -Db_lundef=false >/dev/null
ninja -C "$build" --quiet fuzzers

if [ $# -eq 0 ]; then
    for program in "$build"/tests/fuzz/fuzz_*; do
        [ -f "$program" ] && set -- "$@" "${program##*/fuzz_}"
    done
fi

# A target's files: nobody waits for a disk, and none are left.
parent=${TMPDIR:-/dev/shm}
[ -d "$parent" ] || parent=/tmp
TMPDIR=$(mktemp -d "$parent/fuzz-XXXXXX")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

fuzz() {
    local target=$1 log=$build/fuzz_$1.log status=0
    local kept=()

    mkdir -p "$build/corpus/$target" "$build/found"
    for directory in "tests/fuzz/corpus/$target" "tests/fuzz/found/$target"; do
        [ ! -d "$directory" ] || kept+=("$directory")
    done
    "$build/tests/fuzz/fuzz_$target" -max_total_time="$seconds" \
        -timeout="$input_seconds_max" -rss_limit_mb="$memory_mb_max" \
        -print_final_stats=1 -artifact_prefix="$build/found/$target-" \
        "$build/corpus/$target" "${kept[@]}" >"$log" 2>&1 || status=$?
    figures "$target" "$log"
    [ "$status" -eq 0 ] || tail -n 60 "$log" >&2
    return "$status"
}

# How many were tried, and the edges, features and inputs that it came to.
figures() {
    awk -v target="$1" '
        /cov: / {
            for (i = 1; i < NF; i++) {
                if ($i == "cov:") edges = $(i + 1)
                if ($i == "ft:") features = $(i + 1)
                if ($i == "corp:") inputs = $(i + 1)
            }
        }
        /number_of_executed_units/ { executed = $2 }
        /average_exec_per_sec/ { speed = $2 }
        END {
            printf "%-10s %10d executed, %6d/s; %5d edges, %6d features, ",
                target, executed, speed, edges, features
            printf "corpus %s\n", inputs
        }' "$2"
}

failed=0
for target in "$@"; do
    fuzz "$target" || failed=1
done
exit "$failed"
