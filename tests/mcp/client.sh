#!/bin/sh
# SPDX-License-Identifier: MIT
# The official client, installed as its lock file says into the build directory,
# against collectorctl and a running collector.
#
# usage: client.sh BUILD_DIRECTORY
set -eu

sources=$(dirname "$0")
build=$(cd "$1" && pwd)
client=$build/mcp-client

mkdir -p "$client"
# Not anew when nothing has changed: it is fetched over the network.
if ! cmp -s "$sources/package-lock.json" "$client/package-lock.json" ||
    [ ! -d "$client/node_modules" ]; then
    cp "$sources/package.json" "$sources/package-lock.json" "$client"
    (cd "$client" && npm ci --ignore-scripts --no-audit --no-fund) || {
        rm -f "$client/package-lock.json"
        exit 1
    }
fi
cp "$sources/client.mjs" "$client"
exec node "$client/client.mjs" "$build/daemon/collectord" \
    "$build/daemon/ctl/collectorctl"
