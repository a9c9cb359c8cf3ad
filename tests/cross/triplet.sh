#!/bin/sh
# SPDX-License-Identifier: MIT
# What the compiler calls an architecture of Debian's: those that have a cross
# file here.
#
# usage: triplet.sh ARCHITECTURE
set -eu

case $1 in
    arm64) echo aarch64-linux-gnu ;;
    armhf) echo arm-linux-gnueabihf ;;
    s390x) echo s390x-linux-gnu ;;
    *)
        echo "no cross file for $1: arm64, armhf or s390x" >&2
        exit 1
        ;;
esac
