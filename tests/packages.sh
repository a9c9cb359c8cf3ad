#!/bin/sh
# SPDX-License-Identifier: MIT
# See that these Debian packages are there: install them as root, or else say
# what to install. Elsewhere than on Debian, the build says what it lacks.
set -eu

command -v dpkg-query >/dev/null 2>&1 || exit 0

missing=
for package in "$@"; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) ||
        status=none
    [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "These packages are missing. Install them, and try again:" >&2
    echo "  sudo apt-get install$missing" >&2
    exit 1
fi
echo "installing$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# shellcheck disable=SC2086 # one argument a package
apt-get install -q -y --no-install-recommends $missing
