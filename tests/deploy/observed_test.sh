#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# A fixed and a leaky server under load, scraped by a real Prometheus with the project's rules: each expression of the
# dashboard has data, the alerts begin for the leaky one alone, and the console page shows the difference in a browser.
# usage: observed_test.sh FOLDER_OF_BINARIES
set -euo pipefail
bin=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=tests/deploy/expressions.sh
source tests/deploy/expressions.sh
# shellcheck source=tests/support/eventually.sh
source tests/support/eventually.sh
scratch=$(mktemp -d)
pids=()
cleanup() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$scratch"
}
trap cleanup EXIT
fail() { printf '%s\n' "$*" >&2; exit 1; }

declare -A server public admin
for mode in fixed leaky; do
  "$bin/leash-server" --mode "$mode" --port 0 --admin-port 0 --threads 1 >"$scratch/$mode.ready" 2>"$scratch/$mode.log" &
  server[$mode]=$!
  pids+=($!)
done
for mode in fixed leaky; do
  eventually grep -q '^ready ' "$scratch/$mode.ready"
  public[$mode]=$(sed 's/.*public=\(http:[^ ]*\).*/\1/' "$scratch/$mode.ready")
  admin[$mode]=$(sed 's/.*admin=http:\/\/\([^ ]*\).*/\1/' "$scratch/$mode.ready")
done

# The project's rules, and its two kinds of server at the addresses they have here.
cat >"$scratch/prometheus.yml" <<YAML
global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms}
rule_files: [$PWD/deploy/prometheus/rules/*.yml]
scrape_configs:
  - job_name: leash
    static_configs:
      - {targets: ['${admin[fixed]}'], labels: {server: fixed}}
      - {targets: ['${admin[leaky]}'], labels: {server: leaky}}
YAML

# On a free port; its log says which.
prometheus --config.file="$scratch/prometheus.yml" --storage.tsdb.path="$scratch/data" --web.listen-address=127.0.0.1:0 \
  --web.console.templates="$PWD/deploy/prometheus/consoles" --web.console.libraries="$PWD/deploy/prometheus/consoles" \
  >"$scratch/prometheus.log" 2>&1 &
pids+=($!)
eventually grep -q 'ready to receive web requests' "$scratch/prometheus.log"
prometheus=$(sed -n 's/.*"Listening on".* address=\([^ ]*\).*/\1/p' "$scratch/prometheus.log")

# values EXPRESSION: what Prometheus answers, one a line.
values() { curl -fsS -G "http://$prometheus/api/v1/query" --data-urlencode "query=$1" | jq -r '.data.result[].value[1]'; }
is_true() { [[ -n $(values "$1") ]]; }

eventually is_true 'count(up == 1) == 2'
load_status=0
"$bin/leash-load" compare "${public[fixed]}/demo?pattern=mixed" "${public[leaky]}/demo?pattern=mixed" \
  --metrics-fixed "http://${admin[fixed]}/metrics" --metrics-leaky "http://${admin[leaky]}/metrics" \
  --rate 100 --warmup 500ms --duration 5s --abort 2% --quiet >"$scratch/load" || load_status=$?
[[ $load_status -eq 3 ]] || fail "leash-load ended with status $load_status, not 3: $(cat "$scratch/load")"

# It has data, and a number among them, when the load has just been there.
has_data() { values "$1" | grep -Ev '^(NaN|[+-]Inf)$' >/dev/null; }
count=0
while IFS= read -r expression; do
  # Nothing restarts here.
  [[ $expression != changes* ]] || continue
  for server in fixed leaky; do
    eventually has_data "$(substituted "$expression" "$server")" || fail "no data for $server: $expression"
    count=$((count + 1))
  done
done < <(dashboard_expressions | sort -u)
((count >= 50)) || fail "only $count expressions were asked"

# A known expression without data is found to have none.
! has_data 'leash_tasks_leaked{server="fixed"}' || fail 'fixed has leaked tasks'
eventually is_true 'leash:tasks_leaked:sum{server="leaky"} > 300 and leash:tasks_leaked:present == 1'
is_true 'leash:tasks_leaked:sum{server="fixed"} == 0' || fail 'leaked tasks of fixed are not 0'
is_true 'leash:memory_used:ratio{server="fixed"} > 0 and leash:memory_used:ratio < 1' || fail 'no share of memory'

# The alerts have begun for the leaky one; what they wait for is what rules/*.yml tests.
for alert in LeashTasksLeaked LeashTasksUnfinished; do
  eventually is_true "ALERTS{alertname=\"$alert\", server=\"leaky\"}"
done
! is_true 'ALERTS{alertname=~"LeashTasks.*|LeashDrain.*", server="fixed"}' || fail "an alert for fixed: $(curl -fsS "http://$prometheus/api/v1/alerts")"
echo "$count expressions have data; alerts begin for leaky alone."

# In a browser.
look_at_the_console() {
  local browser panels curves figures
  browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
  if [[ -z $browser ]]; then
    echo 'skipped: the console page in a browser, as there is no chromium'
    return
  fi
  "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$scratch/browser" --virtual-time-budget=4000 --dump-dom \
    "http://$prometheus/consoles/leash.html?range=300" >"$scratch/page.html" 2>"$scratch/browser.log"
  panels=$(console_expressions | wc -l)
  curves=$(grep -o 'class="curve"[^>]* d="M' "$scratch/page.html" | wc -l)
  grep -q '<span class="quiet" id="state" role="status">[0-9][0-9:]*</span>' "$scratch/page.html" || fail "the page says: $(grep -o 'id="state"[^/]*' "$scratch/page.html")"
  ((curves >= 2 * panels)) || fail "$curves curves of at least $((2 * panels))"
  ! grep -q '>no data<' "$scratch/page.html" || fail 'a chart of the page has no data'
  # The first figure of each card, of the fixed and of the leaky server.
  figures=$(grep -o '<h2>[a-z]*</h2><div class="figures"><div class="figure"><strong class="[a-z]*">[^<]*' "$scratch/page.html" | sed 's/<[^>]*>/ /g; s/  */ /g; s/^ //' | paste -sd, -)
  [[ $figures == *'fixed 0'* && $figures =~ leaky\ [1-9] ]] || fail "leaked tasks are shown as: $figures"
  ! grep -Eo '(src|href)="(https?:)?//[^"]*' "$scratch/page.html" || fail 'the page refers to the network'
  echo "The console page draws $curves curves; $figures."
}
look_at_the_console

# A restart: the leak is still seen, and so is that the old process left tasks. The new one has leaked nothing yet.
kill "${server[leaky]}"
status=0
wait "${server[leaky]}" || status=$?
[[ $status -eq 3 ]] || fail "the leaky server ended with status $status, not 3"
"$bin/leash-server" --mode leaky --port "${public[leaky]##*:}" --admin-port "${admin[leaky]##*:}" --threads 1 \
  >"$scratch/again.ready" 2>"$scratch/again.log" &
pids+=($!)
eventually is_true 'leash:tasks_leaked:sum{server="leaky"} == 0'
eventually is_true 'ALERTS{alertname="LeashDrainLeftTasks", server="leaky"}'
for alert in LeashTasksLeaked LeashTasksUnfinished; do
  is_true "ALERTS{alertname=\"$alert\", server=\"leaky\"}" || fail "after a restart $alert is gone"
done
! is_true 'ALERTS{alertname=~"LeashTasks.*|LeashDrain.*", server="fixed"}' || fail "an alert for fixed: $(curl -fsS "http://$prometheus/api/v1/alerts")"
echo 'The alerts see through a restart, and what it left.'
