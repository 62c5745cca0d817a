#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# What each example does, seen from outside. usage: examples_test.sh FOLDER-OF-THE-PROGRAMS
# shellcheck source=tests/project/check.sh
source "$(dirname "${BASH_SOURCE[0]}")/../project/check.sh"
bin=$1

run "$bin/fan_out"
status_is 0
output_says '^replica 1$'
output_says '^left: 0 tasks$'

run "$bin/awaitable"
status_is 0
output_says '^hello$'
output_says '[Dd]eadline'
output_says '^left: 0 tasks$'

run "$bin/own_test"
status_is 0
output_says 'PASSED.* 2 tests'

run "$bin/metrics"
status_is 0
output_says '^jobs_total 3'
output_says '^leash_tasks_leaked{site="examples/metrics/main.cpp:[0-9]*",wait="chan receive"} 3\|^leash_tasks_leaked{site="main.cpp:[0-9]*",wait="chan receive"} 3'

# The line server has two clients at once; one stays, and SIGTERM ends its connection, too.
command_line="$bin/line_server"
"$bin/line_server" >"$scratch/out" 2>"$scratch/err" &
server=$!
status='still running'
for ((i = 0; i < 200; i++)); do
  port=$(sed -n 's/^listening on 127.0.0.1:\([0-9]*\)$/\1/p' "$scratch/out")
  [[ -z $port ]] || break
  sleep 0.05
done
[[ -n $port ]] || fail 'it does not say where it listens'
exec 3<>"/dev/tcp/127.0.0.1/$port" 4<>"/dev/tcp/127.0.0.1/$port"
printf 'one\ntwo\n' >&3
printf 'three\n' >&4
for expected in 'ONE 3' 'TWO 3' 'THREE 4'; do
  read -r -t 10 -u "${expected#* }" line || fail "no answer to ${expected% *}"
  [[ $line == "${expected% *}" ]] || fail "the answer is '$line'"
done
exec 4>&-
kill -TERM "$server"
status=0
wait "$server" || status=$?
status_is 0
output_says '^left: 0 tasks$'
