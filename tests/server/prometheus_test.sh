#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# A real Prometheus scrapes a running server, and answers queries about it.
# usage: prometheus_test.sh PATH_OF_LEASH_SERVER
set -euo pipefail
# shellcheck source=tests/support/eventually.sh
source "$(dirname "${BASH_SOURCE[0]}")/../support/eventually.sh"
server=$1
folder=$(mktemp -d)
pids=()
cleanup() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap cleanup EXIT

"$server" --port 0 --admin-port 0 --mode leaky >"$folder/ready" 2>"$folder/log" &
pids+=($!)
eventually grep -q '^ready ' "$folder/ready"
public=$(sed 's/.*public=\(http:[^ ]*\).*/\1/' "$folder/ready")
admin=$(sed 's/.*admin=http:\/\/\([^ ]*\).*/\1/' "$folder/ready")

for _ in $(seq 20); do curl -fsS "$public/demo?pattern=receive&latency=1ms" >/dev/null; done

cat >"$folder/prometheus.yml" <<YAML
global:
  scrape_interval: 250ms
  scrape_timeout: 250ms
scrape_configs:
  - job_name: leash
    static_configs:
      - targets: ['$admin']
YAML

# On a free port; its log says which.
prometheus --config.file="$folder/prometheus.yml" --storage.tsdb.path="$folder/data" --web.listen-address=127.0.0.1:0 \
  >"$folder/prometheus.log" 2>&1 &
pids+=($!)
eventually grep -q 'ready to receive web requests' "$folder/prometheus.log"
prometheus=$(sed -n 's/.*"Listening on".* address=\([^ ]*\).*/\1/p' "$folder/prometheus.log")

# query EXPRESSION VALUE: whether Prometheus answers with that value.
query() {
  curl -fsS -G "http://$prometheus/api/v1/query" --data-urlencode "query=$1" |
    grep "\"value\":\[[0-9.]*,\"$2\"\]" >/dev/null
}

eventually query 'up{job="leash"}' 1
eventually query 'sum(leash_tasks_leaked{wait="chan receive"})' 20
eventually query 'sum(leash_tasks_live{role="request"})' 20
eventually query 'sum(leash_tasks_started_total{site=~"server/patterns/.*"}) - sum(leash_tasks_finished_total{site=~"server/patterns/.*"})' 20
eventually query 'leash_server_mode{mode="leaky"}' 1
eventually query 'sum(http_requests_total{route="/demo",code="200",mode="leaky"})' 20
echo "Prometheus saw 20 leaked tasks."
