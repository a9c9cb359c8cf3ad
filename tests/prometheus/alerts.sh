#!/bin/sh
# SPDX-License-Identifier: MIT
# The alerts that are shipped are rules as Prometheus reads them, and each fires
# when it should. Skipped where promtool is neither $PROMTOOL nor installed.
#
# usage: alerts.sh ALERTS
set -eu

alerts=$1
promtool=${PROMTOOL:-promtool}
command -v "$promtool" >/dev/null || {
    echo "there is no promtool: see tests/prometheus/promtool.sh"
    exit 77
}
"$promtool" check rules "$alerts"
"$promtool" test rules "$(dirname "$0")/test_alerts.yml"
# promtool is content with an alert that nobody tests.
for alert in $(sed -n 's/^ *- alert: //p' "$alerts"); do
    grep -q "alertname: $alert\$" "$(dirname "$0")/test_alerts.yml" || {
        echo "nothing tests $alert" >&2
        exit 1
    }
done
