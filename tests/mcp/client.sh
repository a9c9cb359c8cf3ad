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

"$sources/../npm.sh" "$sources" "$client"
cp "$sources/client.mjs" "$client"
exec node "$client/client.mjs" "$build/daemon/collectord" \
    "$build/daemon/ctl/collectorctl"
