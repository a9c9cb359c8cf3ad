#!/bin/sh
# SPDX-License-Identifier: MIT
# Install the packages that a lock file names into a directory, unless they are
# there: they are fetched over the network, and nothing of them is run.
#
# usage: npm.sh DIRECTORY_OF_LOCK_FILE DIRECTORY
set -eu

mkdir -p "$2"
cmp -s "$1/package-lock.json" "$2/installed.json" && exit 0
cp "$1/package.json" "$1/package-lock.json" "$2"
npm ci --prefix "$2" --ignore-scripts --no-audit --no-fund
cp "$2/package-lock.json" "$2/installed.json"
