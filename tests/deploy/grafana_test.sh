#!/usr/bin/env bash
# The dashboard is what Grafana's own schema says a dashboard is.
# usage: grafana_test.sh BUILD_FOLDER
set -euo pipefail
build=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
dashboard=deploy/grafana/dashboards/leash.json
# shellcheck source=tests/deploy/npm.sh
source tests/deploy/npm.sh
need_npm "$build"

# check SED_SCRIPT: whether the dashboard, changed by it, has the right type.
check() {
  { cat tests/deploy/grafana_dashboard.ts; printf 'export const dashboard: Checked = '; sed "$1" "$dashboard"; } >"$npm_folder/dashboard.ts"
  (cd "$npm_folder" && node_modules/.bin/tsc --noEmit --strict --skipLibCheck --module esnext --moduleResolution bundler \
    --target es2022 dashboard.ts)
}

check ''
# The check can fail: in the panel's own options, in the dashboard, in a query.
for mistake in 's/"fillOpacity"/"fillOpactity"/' 's/"graphTooltip": 1/"graphTooltip": 7/' 's/"expr"/"expression"/'; do
  ! check "$mistake" >/dev/null || { echo "a dashboard with $mistake passes" >&2; exit 1; }
done
echo 'The dashboard has the type that Grafana gives it.'
