#!/bin/sh
# SPDX-License-Identifier: MIT
# What an event costs a flash disk: the bytes that a disk of its own (an ext4
# image on a loop device) was told to write, with its journal. That takes root;
# otherwise the disk of the directory is asked, which others write to as well.
#
# usage: wear.sh PROGRAM [DIRECTORY]
set -eu

program=$(realpath "$1")
work=$(mktemp -d "${2:-${TMPDIR:-/tmp}}/wear.XXXXXX")
mounted=

clean() {
    [ -z "$mounted" ] || umount "$work/disk"
    rm -rf "$work"
}
trap clean EXIT
trap 'exit 1' INT TERM

mkdir "$work/disk"
truncate -s 256M "$work/image"
if [ "$(id -u)" -eq 0 ] && mkfs.ext4 -q -F "$work/image" &&
    mount -o loop "$work/image" "$work/disk"; then
    mounted=yes
else
    echo "not on a disk of its own: others' writes count as well"
fi

echo "| appended | delivered | bytes written an event | GB a year |"
echo "| --- | --- | --- | --- |"
# events, every so many seconds, delivered every so many, for so many
while read -r plan; do
    rm -f "$work"/disk/wear.sqlite*
    # shellcheck disable=SC2086 # four numbers
    "$program" "$work/disk" $plan
done <<END
1 1 1 4000
1 1 60 12000
1 1 600 12000
10 1 1 4000
100 1 1 2000
100 100 100 100000
END
