#!/bin/sh
# SPDX-License-Identifier: MIT
# Build the image with what is there: docker, if its daemon answers, or buildah,
# which is installed if it may be.
#
# usage: image.sh NAME [options of docker build or buildah bud]
set -eu

name=$1
shift
cd "$(dirname "$0")/.."

if docker info >/dev/null 2>&1; then
    set -- docker build "$@"
else
    command -v buildah >/dev/null || tests/packages.sh buildah
    # It needs no other program for that. And OCI's format has no health checks.
    export BUILDAH_ISOLATION="${BUILDAH_ISOLATION:-chroot}"
    set -- buildah bud --format docker "$@"
fi
exec "$@" -f daemon/Dockerfile -t "$name" .
