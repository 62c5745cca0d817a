#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# 200,000 requests of `mixed` in fixed mode, a tenth of them aborted by the client: tasks, contexts and timers after the
# drain are what they were before, and the server exits with nothing left.
# usage: long_test.sh PATH_OF_LEASH_SERVER PATH_OF_LEASH_LOAD
set -euo pipefail
server=$1
load=$2
folder=$(mktemp -d)
pid=
cleanup() {
  [[ -z $pid ]] || kill "$pid" 2>/dev/null || true
  [[ -z $pid ]] || wait "$pid" 2>/dev/null || true
  rm -rf "$folder"
}
trap cleanup EXIT

"$server" --port 0 --admin-port 0 --mode fixed >"$folder/ready" 2>"$folder/log" &
pid=$!
for _ in $(seq 100); do
  grep -q '^ready ' "$folder/ready" && break
  sleep 0.1
done
public=$(sed 's/.*public=\(http:[^ ]*\).*/\1/' "$folder/ready")
admin=$(sed 's/.*admin=\(http:[^ ]*\).*/\1/' "$folder/ready")

"$load" run "$public/demo?pattern=mixed&latency=1ms" --metrics "$admin/metrics" --requests 200000 --abort 10% \
  --connections 32 --json "$folder/run.json"
# A figure of the whole run; those of its seconds share a line with others.
figure() { sed -n "s/^ *\"$1\": *\([0-9]\{1,\}\).*/\1/p" "$folder/run.json"; }

grep -q '"verdict": *"clean"' "$folder/run.json"
[[ $(figure sent) -eq 200000 ]]
[[ $(figure errors) -eq 0 ]]
aborted=$(figure aborted)  # a tenth means to leave; some of these have their answer first
if ((aborted < 10000 || aborted > 22000)); then
  echo "$aborted requests of 200,000 were aborted" >&2
  exit 1
fi
for what in tasks contexts timers; do
  before=$(figure "${what}_before") after=$(figure "${what}_after_drain")
  if [[ -z $before || $before != "$after" ]]; then
    echo "$what: '$before' before, '$after' after the drain" >&2
    exit 1
  fi
done

kill -TERM "$pid"
status=0
wait "$pid" || status=$?
pid=
cat "$folder/log"
[[ $status -eq 0 ]] || { echo "leash-server exited with $status instead of 0" >&2; exit 1; }
