#!/bin/sh
# SPDX-License-Identifier: MIT
# Put a first config file in its place, unless there is one: an install over
# another one leaves what somebody has written.
#
# usage: install_config.sh FILE DIRECTORY, with DESTDIR as Meson sets it
set -eu

directory=${DESTDIR:-}$2
[ -z "${MESON_INSTALL_DRY_RUN:-}" ] || exit 0
[ ! -e "$directory/collectord.json" ] || exit 0
mkdir -p "$directory"
cp "$1" "$directory/collectord.json"
chmod 644 "$directory/collectord.json"
