# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=bash
# Sourced by tests at the top of the repository: the expressions of the dashboard and of the console page, one a line.

dashboard_expressions() { jq -r '.panels[].targets[]?.expr, .annotations.list[].target.expr' deploy/grafana/dashboards/leash.json; }

# In the dashboard's words.
console_expressions() {
  sed -n '/<script type="application\/json" id="panels">/,/<\/script>/p' deploy/prometheus/consoles/leash.html | sed '1d; $d' |
    jq -r '.[].queries[].expr' | sed 's/\$interval/$__rate_interval/g'
}

# substituted EXPRESSION SERVER: as Grafana does it.
substituted() { sed "s/\\\$server/$2/g; s/\\\$__rate_interval/30s/g; s/\\\$__range/1m/g" <<<"$1"; }
