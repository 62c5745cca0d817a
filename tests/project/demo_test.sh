#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# scripts/demo against stand-ins for the two binaries: what it accepts, what it refuses, and that nothing stays behind.
# shellcheck source=tests/project/check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

export FAKE_DIR=$scratch LEASH_BIN=$PWD/tests/project/fake LEASH_DEMO_OUT=$scratch/demo

demo() { # demo SERVER LOAD [option…]
  export FAKE_SERVER=$1 FAKE_LOAD=$2
  shift 2
  rm -f "$scratch/started"
  run scripts/demo "$@"
}

nothing_stays_behind() {
  local mode pid
  while read -r mode pid; do
    ! kill -0 "$pid" 2>/dev/null || fail "the $mode server still runs"
  done <"$scratch/started"
}

demo good good --rate 77 --duration 3s
status_is 0
output_says 'task 1 \[chan send'
output_says '^Next:'
nothing_stays_behind
grep -q -- '--rate 77 --duration 3s' "$scratch/load-arguments" || fail 'rate and duration did not reach leash-load'

grep -q '/demo?pattern=mixed' "$scratch/load-arguments" || fail 'mixed is not the pattern'
grep -q '^get http://127.0.0.1:2/cures$' "$scratch/client-arguments" || fail 'the cures were not asked for'
output_says '^    -  18 long words'
[[ $(sed "s|$scratch||g" "$scratch/out" | wc -L) -le 80 ]] || fail 'a line has more than 80 columns'

demo good good --pattern send
status_is 0
grep -q '/demo?pattern=send' "$scratch/load-arguments" || fail 'the pattern did not reach leash-load'

run scripts/demo --pattern other
status_is 2
one_line_says "not 'other'"

FAKE_CLIENT=fails demo good good
status_is 1
error_says 'did not answer GET http://127.0.0.1:2/cures'
nothing_stays_behind

demo good clean
status_is 1
error_says 'found no leak in the leaky server'
nothing_stays_behind

demo good broken
status_is 1
error_says 'leash-load ended with status 5'
nothing_stays_behind

demo good wrong
status_is 1
error_says 'says: leak leak'
nothing_stays_behind

demo dirty good
status_is 1
error_says 'fixed server ended with status 3, not 0'
nothing_stays_behind

demo dies good
status_is 1
error_says 'log of the fixed server'
error_says 'fixed server ended before it was ready'
nothing_stays_behind

demo babbles good
status_is 1
error_says "printed 'hello'"
nothing_stays_behind

demo silent good
status_is 1
error_says 'log of the fixed server'
error_says 'was not ready within'
nothing_stays_behind

# SIGTERM in the middle of the load.
export FAKE_SERVER=good FAKE_LOAD=hangs
rm -f "$scratch/started"
scripts/demo >"$scratch/out" 2>"$scratch/err" </dev/null &
demo_pid=$!
for ((i = 0; i < 200; i++)); do
  [[ ! -e $scratch/load-started ]] || break
  sleep 0.05
done
kill -TERM "$demo_pid"
status=0
wait "$demo_pid" || status=$?
command_line='scripts/demo, sent SIGTERM'
status_is 143
nothing_stays_behind

# With Prometheus, which stays until it is interrupted.
export FAKE_LOAD=good FAKE_PROMETHEUS=dies PATH=$PWD/tests/project/fake:$PATH
demo good good --prometheus
status_is 1
error_says 'no space left'
error_says 'prometheus did not become ready'
nothing_stays_behind

export FAKE_PROMETHEUS=good
rm -f "$scratch/started"
scripts/demo --prometheus >"$scratch/out" 2>"$scratch/err" </dev/null &
demo_pid=$!
for ((i = 0; i < 200; i++)); do
  ! grep -q 'until Ctrl-C' "$scratch/out" || break
  sleep 0.05
done
command_line='scripts/demo --prometheus, sent SIGTERM'
while read -r mode pid; do
  kill -0 "$pid" 2>/dev/null || fail "the $mode server does not run any more"
done <"$scratch/started"
kill -TERM "$demo_pid"
status=0
wait "$demo_pid" || status=$?
status_is 0
output_says 'http://127.0.0.1:4711/consoles/leash.html'
nothing_stays_behind
[[ $(grep -c '^fixed\|^leaky\|^prometheus' "$scratch/started") -eq 3 ]] || fail 'not all three were started'
run promtool check config "$scratch/demo/prometheus.yml"
status_is 0
output_says '1 rule files found'
grep -q '{targets: \["127.0.0.1:2"\], labels: {server: leaky}}' "$scratch/demo/prometheus.yml" || fail 'the leaky server is no target'
