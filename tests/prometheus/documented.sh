#!/bin/sh
# SPDX-License-Identifier: MIT
# The README's tables of metrics and of alerts have what there is, and nothing
# else, and alerts are about metrics that there are.
#
# usage: documented.sh DAEMON_DIRECTORY README
set -eu

daemon=$1
readme=$2
alerts=$daemon/prometheus/alerts.yml
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# compare NAME: what there is with what is in the README.
compare() {
    [ -s "$work/$1" ] || { echo "there are no $1" >&2; exit 1; }
    diff -u "$work/$1" "$work/readme" || {
        echo "the README's table of $1 is another" >&2
        exit 1
    }
}

# "collectord_x", on its own between quotes, is a metric's name.
grep -Eoh '"(collectord|process)_[a-z_]+"' "$daemon/route_metrics.c" |
    tr -d '"' | sort >"$work/metrics"
# "| `collectord_x` `collectord_y{…}` | meaning |"
awk -F '|' '/^\| `(collectord|process)_/ { print $2 }' "$readme" |
    grep -Eo '(collectord|process)_[a-z_]+' | sort >"$work/readme"
compare metrics

sed -n 's/^ *- alert: //p' "$alerts" | sort >"$work/alerts"
awk -F '[|`]' '/^\| `Collector/ { print $3 }' "$readme" | sort >"$work/readme"
compare alerts

sed -n '/expr:/,/\(for\|labels\):/p' "$alerts" |
    grep -Eo '(collectord|process)_[a-z_]+' | sed 's/_bucket$//' |
    sort -u >"$work/used"
if comm -23 "$work/used" "$work/metrics" | grep .; then
    echo "alerts are about metrics that are not there" >&2
    exit 1
fi
