#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# The dashboard is what Grafana's own schema says a dashboard is.
# usage: grafana_test.sh BUILD_FOLDER
set -euo pipefail
build=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
dashboard=deploy/grafana/dashboards/leash.json
# shellcheck source=tests/deploy/npm.sh
source tests/deploy/npm.sh
need_npm "$build"

# Of the dashboard, and of it with each mistake, a program; all are checked in one run, which says what is wrong where.
mistakes=('s/"fillOpacity"/"fillOpactity"/' 's/"graphTooltip": 1/"graphTooltip": 7/' 's/"expr"/"expression"/')
rm -f "$npm_folder"/dashboard*.ts
write() { # write NAME SED_SCRIPT
  { cat tests/deploy/grafana_dashboard.ts; printf 'export const dashboard: Checked = '; sed "$2" "$dashboard"; } >"$npm_folder/$1.ts"
}
write dashboard ''
for number in "${!mistakes[@]}"; do write "dashboard_mistake_$number" "${mistakes[number]}"; done
said=$(cd "$npm_folder" && node_modules/.bin/tsc --noEmit --strict --skipLibCheck --module esnext --moduleResolution bundler \
  --target es2022 dashboard*.ts) && { echo 'dashboards with mistakes pass' >&2; exit 1; }

# The check can fail: in the panel's own options, in the dashboard, in a query.
for number in "${!mistakes[@]}"; do
  grep -q "^dashboard_mistake_$number\.ts(.*: error TS" <<<"$said" || { echo "a dashboard with ${mistakes[number]} passes" >&2; exit 1; }
done
wrong=$(grep -v -e '^dashboard_mistake_' -e '^ ' <<<"$said" || true)
[[ -z $wrong ]] || { printf '%s\n' "$wrong" >&2; exit 1; }
echo 'The dashboard has the type that Grafana gives it.'
