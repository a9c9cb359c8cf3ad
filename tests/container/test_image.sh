#!/bin/sh
# SPDX-License-Identifier: MIT
# The image that the Dockerfile makes is started as its configuration says, as
# the user it names, with nothing to write to but /data: it takes an event,
# keeps it over a restart, ends well, and its health check sees whether it
# serves, and writes nothing.
#
# No container engine is needed: Debian's minimal system stands in for the base
# image, buildah builds, and chroot runs. What is built is removed again.
#
# usage: test_image.sh, as root
set -eu

WAIT_STEPS_MAX=200 # of 50 ms
ADDED_SIZE_MAX=32000000

here=$(dirname "$0")
work=$(mktemp -d)
collectord=
container=

# Everything in a storage of our own.
export CONTAINERS_STORAGE_CONF="$work/storage.conf" STORAGE_DRIVER=vfs
export DOCKER_HOST=unix:///nowhere BUILDAH_ISOLATION=chroot
cat >"$CONTAINERS_STORAGE_CONF" <<END
[storage]
driver = "vfs"
graphroot = "$work/storage"
runroot = "$work/run"
END

clean_up() {
    [ -z "$collectord" ] || kill -9 "$collectord" 2>/dev/null || true
    [ -z "$container" ] || buildah umount "$container" >/dev/null 2>&1 || true
    rm -rf --one-file-system "$work"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

step() {
    printf '%s %s\n' "$(date +%T)" "$*"
}

fail() {
    echo "$*" >&2
    cat "$work/log" >&2
    exit 1
}

bytes_in() {
    du -sb "$1" | cut -f 1
}

# What docker would do with the image's configuration.
config() {
    buildah inspect --type image --format "{{$1}}" collectord
}

# Start it, with the root read-only, and its entry point in its directory.
start() {
    : >"$work/log"
    # shellcheck disable=SC2016 # expanded by the inner shell
    unshare --mount sh -c '
        mount --bind "$1" "$1"
        mount --bind "$2" "$1/data"
        mount -o remount,bind,ro "$1"
        exec chroot --groups= --userspec="$3" "$1" env -i -C "$4" \
            PATH=/usr/bin:/bin "$5" -addr "127.0.0.1:$6"' \
        sh "$root" "$work/data" "$user" "$directory" "$program" "$port" \
        2>"$work/log" &
    collectord=$!
    wait_for "listening on"
}

wait_for() {
    steps=0
    until grep -q "$1" "$work/log"; do
        steps=$((steps + 1))
        [ $steps -lt $WAIT_STEPS_MAX ] || fail "no '$1' came"
        kill -0 "$collectord" 2>/dev/null || fail "it ended"
        sleep 0.05
    done
}

stop() {
    kill -s "${signal#SIG}" "$collectord"
    wait_for "info stopped, "
    wait "$collectord" || fail "it ended with $?"
    collectord=
}

# As docker runs it: in the container, as its user, but for the port.
is_healthy() {
    # shellcheck disable=SC2046 # one argument a word
    chroot --groups= --userspec="$user" "$root" \
        $(echo "$check" | sed "s/^CMD //; s/:8080/:$port/")
}

# All that a health check could change.
trace() {
    find "$work/data" -type f -exec stat -c '%n %Y %Z %s' {} + | sort
    find "$work/data" -type f -exec sha256sum {} + | sort
    find "$root" -xdev -newer "$work/begin" | sort
}

step "the base image"
mmdebstrap --variant=minbase --quiet bookworm "$work/base.tar"
container=$(buildah from scratch)
buildah add --quiet "$container" "$work/base.tar" / >/dev/null
rm "$work/base.tar"
base=$(bytes_in "$(buildah mount "$container")")
buildah commit --quiet "$container" \
    docker.io/library/debian:bookworm-slim >/dev/null
buildah rm "$container" >/dev/null
container=

step "the image"
"$here/../../daemon/image.sh" collectord \
    --quiet --pull-never >"$work/log" 2>&1 || fail "the build failed"

step "a container"
container=$(buildah from --pull-never collectord)
root=$(buildah mount "$container")
user=$(config .Docker.Config.User)
directory=$(config .Docker.Config.WorkingDir)
signal=$(config .Docker.Config.StopSignal)
program=$(config 'index .Docker.Config.Entrypoint 0')
check=$(config 'range .Docker.Config.Healthcheck.Test}}{{.}} {{end')
[ "$user" = 10001:10001 ] || fail "the user is $user"
[ "$directory" = /data ] || fail "it runs in $directory"
added=$(($(bytes_in "$root") - base))
echo "$added bytes beside the base"
[ $added -le $ADDED_SIZE_MAX ] || fail "the image has $added bytes of its own"
cp -a "$root/data" "$work/data"
# None that the system gives to connections.
port=$(shuf -i 20000-32767 -n 1)

step "events"
start
curl -fsS --max-time 10 -d '{"device_id":"pump-7","kind":"start"}' \
    "http://127.0.0.1:$port/events" | grep -q '"ids":\[1\]' ||
    fail "the event was not taken"
wait_for "uploaded 1 events"
curl -fsS --max-time 10 -o "$work/copy.sqlite" \
    "http://127.0.0.1:$port/snapshot" || fail "there is no snapshot"
sleep 1 # what is written after that has been
touch "$work/begin"
trace >"$work/before"
is_healthy || fail "it is not healthy while it serves"
trace | diff "$work/before" - || fail "the health check writes"
stop
! is_healthy 2>/dev/null || fail "it is healthy though it does not run"

step "a restart"
start
curl -fsS --max-time 10 -d '{"device_id":"pump-7","kind":"end"}' \
    "http://127.0.0.1:$port/events" | grep -q '"ids":\[2\]' ||
    fail "the first event was not kept"
stop
step "done"
