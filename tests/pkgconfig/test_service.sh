#!/bin/sh
# SPDX-License-Identifier: MIT
# The unit is installed with the paths of what is installed beside it, systemd
# understands all of it, and it lets the daemon do no more than it has to. An
# install over another one leaves the config file alone.
. "$(dirname "$0")/common.sh"

# systemd's figure for what a service could do, times ten: 0 is the best.
exposure_max=11

install_library
config=$CONFIG_DIR/collectord.json
LD_LIBRARY_PATH=$libdir "$root$PREFIX/bin/collectord" -check-config \
    -config "$root$config" >"$work/effective" || fail "collectord does not take its config file"
grep -q '"addr": "127.0.0.1:8080"' "$work/effective" ||
    fail "the first config file opens the port to everybody"
echo '{"max-backlog": 7}' >"$root$config"
meson install -C "$BUILD" --no-rebuild --quiet --destdir "$root"
grep -q '{"max-backlog": 7}' "$root$config" || fail "a config file was replaced"

[ "$UNIT_DIR" != no ] || skip "this build has no unit"
unit=$root$UNIT_DIR/collectord.service
grep -q "^ExecStart=$PREFIX/bin/collectord -config $config " "$unit" ||
    fail "the unit starts something else"
! grep '@[a-z_]*@' "$unit" >&2 || fail "something is not filled in"

command -v systemd-analyze >/dev/null || skip "there is no systemd-analyze"
mkdir "$work/units"
sed "s|^ExecStart=|&$root|" "$unit" >"$work/units/collectord.service"
# What it says of other units, and of those it can't look at, is not ours.
systemd-analyze verify --man=no "$work/units/collectord.service" \
    >"$work/verified" 2>&1 || true
! grep collectord "$work/verified" >&2 || fail "systemd does not take the unit"
systemd-analyze security --offline=true --threshold="$exposure_max" \
    "$work/units/collectord.service" >"$work/exposure" || {
    grep '^✗' "$work/exposure" >&2
    fail "the unit leaves more open than it has to"
}
grep exposure "$work/exposure"
