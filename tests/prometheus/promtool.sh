#!/bin/sh
# SPDX-License-Identifier: MIT
# Fetch promtool and say where it is: out of Debian's package of Prometheus,
# which is not installed, since that would start a server on this machine.
#
# usage: PROMTOOL=$(promtool.sh DIRECTORY) make test
set -eu

mkdir -p "$1"
cd "$1"
[ -x promtool ] || {
    # Lists that are a little old will do.
    { apt-get -q update || true; } >apt.log 2>&1
    apt-get -q -o APT::Sandbox::User= download prometheus >>apt.log 2>&1 || {
        cat apt.log >&2
        exit 1
    }
    dpkg-deb --fsys-tarfile prometheus_*.deb |
        tar -x --strip-components=3 ./usr/bin/promtool
    rm -f prometheus_*.deb
}
echo "$PWD/promtool"
