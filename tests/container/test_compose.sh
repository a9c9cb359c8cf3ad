#!/bin/sh
# SPDX-License-Identifier: MIT
# What daemon/docker-compose.yml says fits the daemon: its options exist, and a
# stop has time for the drain. What it and the Dockerfile ask collectorctl for is
# a command line of that.
#
# usage: test_compose.sh COLLECTORD COLLECTORCTL COMPOSE_FILE DOCKERFILE
set -eu

STOP_S=30 # what a stop may take beside the drain

collectord=$1
collectorctl=$2
compose=$3
dockerfile=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "$*" >&2
    exit 1
}

# Those that are commented out as well.
sed -n 's/^ *#* *- \(-[a-z-]*\)=.*/\1/p' "$compose" >"$work/options"
[ -s "$work/options" ] || fail "no option was found"
"$collectord" -help >"$work/help"
while read -r option; do
    grep -q "^  $option " "$work/help" || fail "there is no $option"
done <"$work/options"

drain=$(sed -n '/^  -drain-timeout /,/default/ s/.*(default \([0-9]*\)s).*/\1/p' \
    "$work/help")
grace=$(sed -n 's/^ *stop_grace_period: \([0-9]*\)s$/\1/p' "$compose")
[ "$grace" -ge $((drain + STOP_S)) ] ||
    fail "a stop has $grace s, a drain alone may take $drain"
# asks_well WORD...: -help ends it before it asks, and after its words are read.
asks_well() {
    [ "$1" = collectorctl ] || fail "collectorctl is not called: $*"
    shift
    "$collectorctl" "$@" -help >/dev/null || fail "this is no question: $*"
}
# shellcheck disable=SC2046 # one argument a word
asks_well $(sed -n '/^ *entrypoint:$/,/^ *stdin_open/ s/^ *- //p' "$compose")
# shellcheck disable=SC2046 # likewise
asks_well $(sed -n '/^HEALTHCHECK/,/]$/ p' "$dockerfile" | grep -o '"[^"]*"' |
    tr -d '"')

# Without a network the image's health check can't succeed, and answers would be
# kept in a log.
sed -n '/^  mcp:$/,/^[a-z]/ p' "$compose" >"$work/mcp"
grep -A 1 '^    healthcheck:$' "$work/mcp" | grep -q '^      disable: true$' ||
    fail "mcp has the health check of the image"
grep -A 1 '^    logging:$' "$work/mcp" | grep -q '^      driver: none$' ||
    fail "what mcp answers is logged"

if docker compose version >/dev/null 2>&1; then
    docker compose -f "$compose" config --quiet
fi
