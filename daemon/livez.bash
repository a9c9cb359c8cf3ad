#!/bin/bash
# SPDX-License-Identifier: MIT
# Whether collectord serves, for the health check of a container: it asks
# /livez, since no restart mends what /healthz complains about. Nothing is
# written, and nothing is needed but bash, which any Debian has. With
# -auth-health the answer is a 401, which is an answer as well.
#
# usage: livez.bash [PORT]
exec 3<>"/dev/tcp/127.0.0.1/${1:-8080}" || exit 1
printf 'GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
read -r -t 4 _ status _ <&3 || exit 1
[ "$status" = 200 ] || [ "$status" = 401 ]
