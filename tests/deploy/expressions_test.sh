#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# The dashboard and the console page are wired up: their expressions parse, they ask the same, and what the provisioning
# names is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=tests/deploy/expressions.sh
source tests/deploy/expressions.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() { printf '%s\n' "$*" >&2; exit 1; }

dashboard_expressions | sort -u >"$scratch/dashboard"
console_expressions | sort -u >"$scratch/console"
[[ $(wc -l <"$scratch/dashboard") -gt 20 && $(wc -l <"$scratch/console") -gt 20 ]] || fail 'hardly any expressions were found'

# Each as a rule of its own; promtool parses those.
{
  printf 'groups:\n  - name: all\n    rules:\n'
  number=0
  while IFS= read -r expression; do
    printf '      - record: x%s\n        expr: |-\n          %s\n' "$((++number))" "$(substituted "$expression" fixed)"
  done < <(cat "$scratch/dashboard" "$scratch/console")
} >"$scratch/rules.yml"
promtool check rules "$scratch/rules.yml"

# Each server's panels are the same in both; the rest is the dashboard's overview.
extra=$(comm -13 "$scratch/dashboard" "$scratch/console")
[[ -z $extra ]] || fail "the console asks what the dashboard does not: $extra"
[[ $(grep -c 'server="$server"' "$scratch/dashboard") -eq $(wc -l <"$scratch/console") ]] || fail 'the dashboard asks of a server what the console does not'

# Every recorded figure that is asked for is recorded.
recorded=$(sed -n 's/^      - record: //p' deploy/prometheus/rules/leash.yml)
while read -r name; do
  grep -qx "$name" <<<"$recorded" || fail "$name is not recorded"
done < <(cat "$scratch/dashboard" "$scratch/console" | grep -o 'leash:[a-z_0-9:]*' | sort -u)

# Panels do not overlap, and each has a data source by the variable.
jq -e '[.panels[].gridPos | {x, y, w, h}] as $all | all($all[]; .x + .w <= 24)
  and ([range($all | length) as $i | range($i) as $j | $all[$i] as $a | $all[$j] as $b
    | select($a.x < $b.x + $b.w and $b.x < $a.x + $a.w and $a.y < $b.y + $b.h and $b.y < $a.y + $a.h)] | length == 0)
  and all(.panels[] | select(.type != "row"); .datasource.uid == "${datasource}" and (.targets | all(.datasource.uid == "${datasource}")))
  and ([.panels[].id] | length == (unique | length))' deploy/grafana/dashboards/leash.json >/dev/null ||
  fail 'panels overlap, share a number, or have no data source'
uid=$(jq -r '.templating.list[] | select(.type == "datasource").current.value' deploy/grafana/dashboards/leash.json)
grep -qx "    uid: $uid" deploy/grafana/provisioning/datasources/prometheus.yml || fail "the data source $uid is not provisioned"
echo "$(wc -l <"$scratch/dashboard") expressions of the dashboard, $(wc -l <"$scratch/console") of the console."
