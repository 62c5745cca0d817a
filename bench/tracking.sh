#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# scripts/bench --tracking: the number of instructions per request of /demo in fixed mode, with and without tracking; then
# the cost of an idle inspector (bench/idle_inspector).
# callgrind counts them, because few virtual machines have performance counters. The difference of two runs with different
# numbers of requests excludes the start and the end of the server. Only the thread that answers is counted, because
# others look at the process once per second, and this depends on how fast valgrind runs.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/common.sh"
# shellcheck disable=SC2034  # common.sh says it
script=bench

few=200
many=1200
repetitions=${1:-3}
at_most=1.03
query='/demo?pattern=mixed&latency=0'

for preset in release untracked; do
  configure "$preset"
  cmake --build --preset "$preset" --target leash-server || die "the build of preset $preset failed"
done
configure release -DLEASH_BENCH=ON
cmake --build --preset release --target inspected_line_server || die "the build of inspected_line_server failed"

out=$root/build/bench/tracking
mkdir -p "$out"
server=
trap '[[ -z $server ]] || kill -KILL "$server" 2>/dev/null || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

count() { # count BINARY REQUESTS: sets instructions to those of a server that answers so many requests
  local ready=$out/ready.txt
  rm -f "$out"/callgrind.out*
  : >"$ready"
  valgrind --tool=callgrind --separate-threads=yes --callgrind-out-file="$out/callgrind.out" --log-file="$out/valgrind.log" \
    "$1" --port 0 --admin-port 0 --threads 1 --mode fixed >"$ready" 2>"$out/server.log" &
  server=$!
  local waited
  for ((waited = 0; waited < 600; waited++)); do
    grep -q '^ready ' "$ready" && break
    kill -0 "$server" 2>/dev/null || die "the server ended before it was ready: $(tail -n 3 "$out/server.log")"
    sleep 0.1
  done
  local url
  url=$(sed -n 's/^ready public=\([^ ]*\).*/\1/p' "$ready")
  [[ -n $url ]] || die "the server was not ready within a minute"
  # One connection, one request after the other. The fragment makes curl repeat the request, and is not sent.
  curl --silent --show-error --fail --max-time 600 --output /dev/null "$url$query#[1-$2]" || die "a request failed"
  kill -TERM "$server"
  wait "$server" || die "the server left tasks or failed: $(tail -n 3 "$out/server.log")"
  server=
  instructions=$(sed -n 's/^totals: \([0-9]*\).*/\1/p' "$out"/callgrind.out-* | sort -n | tail -n 1)
  [[ -n $instructions ]] || die "callgrind wrote no sum: see $out/valgrind.log"
}

# Not in a subshell, because the trap must end the server.
per_request() { # per_request BINARY: sets median to that of the repetitions
  local repetition instructions of_few samples=()
  for ((repetition = 0; repetition < repetitions; repetition++)); do
    count "$1" "$few"
    of_few=$instructions
    count "$1" "$many"
    samples+=($(((instructions - of_few) / (many - few))))
  done
  median=$(printf '%d\n' "${samples[@]}" | sort -n | sed -n "$((repetitions / 2 + 1))p")
}

per_request build/bin/leash-server
tracked=$median
per_request build/untracked/bin/leash-server
untracked=$median
awk -v tracked="$tracked" -v untracked="$untracked" -v most="$at_most" 'BEGIN {
  ratio = tracked / untracked
  printf "instructions of the server per request of /demo, fixed, pattern=mixed\n"
  printf "  with tracking     %8d\n  compiled out      %8d\n", tracked, untracked
  printf "  ratio             %8.3f  at most %.2f: %s\n", ratio, most, ratio <= most ? "within" : "over"
}'
printf '\n'
bench/idle_inspector --rounds "$repetitions"
