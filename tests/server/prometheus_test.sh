#!/usr/bin/env bash
# A real Prometheus scrapes a running server, and answers queries about it.
# usage: prometheus_test.sh PATH_OF_LEASH_SERVER
set -euo pipefail
server=$1
folder=$(mktemp -d)
pids=()
cleanup() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap cleanup EXIT

# Tries with growing pauses, for half a minute at most.
eventually() {
  local pause=0.05
  for _ in $(seq 60); do
    if "$@"; then return 0; fi
    sleep "$pause"
    pause=$(awk -v p="$pause" 'BEGIN { p *= 1.5; print (p > 0.5 ? 0.5 : p) }')
  done
  echo "never came true: $*" >&2
  return 1
}

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

# Prometheus cannot say which port it got: try some until one is free.
start_prometheus() {
  for _ in $(seq 10); do
    port=$((20000 + RANDOM % 10000))
    prometheus --config.file="$folder/prometheus.yml" --storage.tsdb.path="$folder/data" \
      --web.listen-address="127.0.0.1:$port" >"$folder/prometheus.log" 2>&1 &
    local pid=$!
    pids+=("$pid")
    local tries=0
    while kill -0 "$pid" 2>/dev/null && ((tries++ < 100)); do
      curl -fsS "http://127.0.0.1:$port/-/ready" >/dev/null 2>&1 && return 0
      sleep 0.1
    done
  done
  cat "$folder/prometheus.log" >&2
  return 1
}
start_prometheus

# query EXPRESSION VALUE: whether Prometheus answers with that value.
query() {
  curl -fsS -G "http://127.0.0.1:$port/api/v1/query" --data-urlencode "query=$1" | grep -q "\"value\":\[[0-9.]*,\"$2\"\]"
}

eventually query 'up{job="leash"}' 1
eventually query 'sum(leash_tasks_leaked{wait="chan receive"})' 20
eventually query 'sum(leash_tasks_live{role="request"})' 20
eventually query 'sum(leash_tasks_started_total{site=~"server/patterns/.*"}) - sum(leash_tasks_finished_total{site=~"server/patterns/.*"})' 20
eventually query 'leash_server_mode{mode="leaky"}' 1
eventually query 'sum(http_requests_total{route="/demo",code="200",mode="leaky"})' 20
echo "Prometheus saw 20 leaked tasks."
