#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# leash-client ps on real processes and cores: of tests/client/ps/sample.cpp, and of a program without a line of leash that
# has twelve coroutines (tests/inspector/programs/waits.cpp), where coroutines are tracked. Both are started here.
# usage: ps_test.sh LEASH_CLIENT SAMPLE [WAITS]
set -euo pipefail

client=$1
sample=$2
waits=${3:-}
# shellcheck source=tests/support/eventually.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../support/eventually.sh"

work=$(mktemp -d)
started=()
stop_all() {
  for pid in "${started[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap stop_all EXIT

failed=0
fail() {
  printf 'FAILED: %s\n' "$*" >&2
  failed=1
}

# start PROGRAM [stuck]: sets `pid` when the program is ready.
start() {
  local ready=$work/ready.$RANDOM
  mkfifo "$ready"
  "$@" >"$ready" &
  pid=$!
  started+=("$pid")
  local line
  read -r line <"$ready"
  [[ $line == ready ]] || fail "$1 said '$line'"
}

# shows WHAT ARGUMENT...: the listing has the tasks of the sample, with what is known of them. If it is stuck, it names the
# task and the line that block the loop.
tasks=7  # five workers, the poller, the forgotten one
shows() {
  local what=$1 text
  shift
  text=$("$client" ps "$@" 2>"$work/error") || fail "$what: $(cat "$work/error")"
  grep -q ": $tasks of $tasks tasks\$" <<<"$text" &&
    grep -q '^5 tasks like this one' <<<"$text" &&
    grep -q '^task [0-9]* \[chan receive, .*\] "forgotten" leaked: request 918 ended .* ago (client disconnected)' <<<"$text" &&
    grep -q '^    .*worker  *tests/client/ps/sample.cpp:[0-9]*$' <<<"$text" &&
    grep -q '^started at  *tests/client/ps/sample.cpp:[0-9]* by main$' <<<"$text" ||
    fail "$what shows: $text"
  [[ $tasks -eq 7 ]] || names_the_blocking_task "$text" || fail "$what does not name the task that blocks: $text"
}
names_the_blocking_task() {
  grep -A 1 '^task [0-9]* \[running in loop "sample"\] "blocks" ' <<<"$1" |
    grep '^    .*block  *tests/client/ps/sample\.cpp:[0-9]*$' >/dev/null
}

# refuses STATUS TEXT ARGUMENT...: one line on standard error, nothing on standard output.
refuses() {
  local expected=$1 text=$2 status=0 output
  shift 2
  output=$("$client" ps "$@" 2>"$work/error") || status=$?
  [[ $status -eq $expected && -z $output ]] || fail "ps $*: status $status, output '$output'"
  [[ $(wc -l <"$work/error") -eq 1 ]] || fail "ps $*: $(cat "$work/error")"
  grep -q "$text" "$work/error" || fail "ps $*: $(cat "$work/error")"
}

names_its_blocking_task() { names_the_blocking_task "$("$client" ps "$1")"; }

start "$sample" running
running=$pid
shows "a process that runs" "$running"
[[ $("$client" ps --json "$running" | jq -c '[.schema, .live, .matched, (.tasks | map(.count) | sort)]') == '[1,7,7,[1,1,5]]' ]] ||
  fail "as JSON: $("$client" ps --json "$running")"

tree=$("$client" ps --tree "$running")
grep -q '^loop "sample"$' <<<"$tree" && grep -q '^  5 tasks like task [0-9]* "worker" \[chan receive, ' <<<"$tree" &&
  grep -q '^  context "request 918" done .* ago (client disconnected), made at tests/client/ps/sample.cpp:' <<<"$tree" &&
  grep -q '^    task [0-9]* "forgotten" .* leaked, started at' <<<"$tree" || fail "as a tree: $tree"
[[ $("$client" ps --tree --json "$running" | jq -r '.loops[0].name') == sample ]] || fail 'the tree as JSON'

kill -STOP "$running"
shows "a process that is stopped" "$running"
kill -CONT "$running"

# The stuck one writes the same by itself when it is told to by a signal.
LEASH_DUMP_SIGNAL=QUIT start "$sample" stuck 2>"$work/dump"
tasks=8
eventually names_its_blocking_task "$pid"
shows "a process whose loop is stuck" "$pid"
kill -QUIT "$pid"
eventually grep -q '^leash: end of the dump$' "$work/dump" || fail "by a signal: $(cat "$work/dump")"
grep -q "^leash: dump of process $pid: 8 of 8 tasks$" "$work/dump" && names_the_blocking_task "$(cat "$work/dump")" ||
  fail "by a signal: $(cat "$work/dump")"
tree=$("$client" ps --tree "$pid")
grep -q '^  task [0-9]* "blocks" \[running in loop "sample"\] detached, started at tests/client/ps/sample.cpp:' <<<"$tree" ||
  fail "the tree of a stuck process: $tree"

if type -P gdb >/dev/null && type -P gcore >/dev/null; then
  gdb -batch -nx -p "$running" -ex "shell '$client' ps $running >'$work/in_gdb'" &>"$work/gdb" || true
  if grep -q 'ptrace: Operation not permitted' "$work/gdb"; then
    printf 'no debugger may attach here: its tests are left out\n'
  else
    grep -q ': 7 of 7 tasks$' "$work/in_gdb" || fail "in a debugger: $(cat "$work/in_gdb" "$work/gdb")"

    # A program without symbols, which is somewhere else when its core is looked at.
    strip -o "$work/stripped" "$sample"
    start "$work/stripped" stuck
    eventually names_its_blocking_task "$pid"
    shows "a stripped program" "$pid"
    gcore -o "$work/core" "$pid" &>"$work/gcore" || fail "gcore: $(cat "$work/gcore")"
    core=$work/core.$pid
    shows "a core" "$core"
    mv "$work/stripped" "$work/moved"
    shows "a core whose program was moved" --binary "$work/moved" "$core"
    refuses 1 'not the build that dumped the core' --binary "$client" "$core"
    refuses 1 '^leash-client: --binary: ' --binary "$work/none" "$core"
    shows "a process whose program was deleted" "$pid"

    # A core that is cut off: something or one line, never a crash.
    for kib in 1 8 64 512; do
      head -c $((kib * 1024)) "$core" >"$work/short"
      status=0
      "$client" ps --binary "$work/moved" "$work/short" >"$work/output" 2>"$work/error" || status=$?
      [[ $status -le 1 ]] || fail "a core of $kib KiB: status $status"
      [[ $status -eq 0 ]] && ! grep -q '^note: the core file is truncated' "$work/output" && fail "a core of $kib KiB: no remark"
      [[ $status -eq 1 && $(wc -l <"$work/error") -ne 1 ]] && fail "a core of $kib KiB: $(cat "$work/error")"
      [[ $status -eq 1 ]] && ! grep -q 'is truncated before' "$work/error" && fail "a core of $kib KiB: $(cat "$work/error")"
    done
  fi
else
  printf 'gdb is not installed: the tests of cores are left out\n'
fi

# shows_coroutines WHAT ARGUMENT...: the listing has the twelve coroutines, each with its line.
shows_coroutines() {
  local what=$1 text
  shift
  text=$("$client" ps "$@" 2>"$work/error") || fail "$what: $(cat "$work/error")"
  grep -q ': 12 coroutines$' <<<"$text" &&
    grep -q '^11 coroutines like this one' <<<"$text" &&
    grep -q '^coroutine [0-9]* \[read, .*\] spawned by accept_all, ' <<<"$text" &&
    grep -q '^    receive  *tests/inspector/programs/waits.cpp:[0-9]*$' <<<"$text" &&
    grep -q '^coroutine [0-9]* \[timer, .*\] detached, ' <<<"$text" ||
    fail "$what shows: $text"
}
if [[ -n $waits ]]; then
  start "$waits"
  shows_coroutines "a program without a line of leash" "$pid"
  [[ $("$client" ps --json "$pid" | jq -c '[.live, .live_coroutines, (.coroutines | map(.count))]') == '[0,12,[11,1]]' ]] ||
    fail "as JSON: $("$client" ps --json "$pid")"
  tree=$("$client" ps --tree "$pid")
  [[ $tree =~ (^|$'\n')coroutine\ [0-9]+\ \"accept_all\"\ \[timer,\ .*\]\ detached,\ waits\ at\ .*$'\n  '11\ coroutines\ like\ coroutine\ [0-9]+\ \"receive\"\ \[read,\ .*\]\ spawned,\ waits\ at\ tests/inspector/programs/waits\.cpp:[0-9]+$ ]] ||
    fail "as a tree: $tree"
  [[ $("$client" ps --tree --json "$pid" | jq -c '[.live_coroutines, .coroutines[0].name, .coroutines[0].children[0].count]') == '[12,"accept_all",11]' ]] ||
    fail "as a tree in JSON: $("$client" ps --tree --json "$pid")"
  if [[ -e $work/gcore ]]; then
    strip -o "$work/stripped_waits" "$waits"
    start "$work/stripped_waits"
    shows_coroutines "a stripped program" "$pid"
    gcore -o "$work/waits" "$pid" &>"$work/gcore" || fail "gcore: $(cat "$work/gcore")"
    shows_coroutines "the core of a stripped program" "$work/waits.$pid"
  fi
fi

sleep 1000 &
started+=($!)
refuses 1 "found no leash library in process $!" $!
refuses 1 'process 4194305 does not exist' 4194305
refuses 1 "$work/none is neither a process ID nor a readable core file" "$work/none"
refuses 1 'the process ID, or the path of a core file, is empty' ''
refuses 1 'is not a core file' "$sample"
refuses 1 'applies to core files only' --binary "$sample" "$running"
if [[ $EUID -eq 0 ]] && type -P setpriv >/dev/null; then
  chmod 755 "$work"
  cp "$client" "$work/client" # where another user can read it
  status=0
  setpriv --reuid=65534 --regid=65534 --clear-groups "$work/client" ps "$running" 2>"$work/error" >"$work/output" || status=$?
  [[ $status -eq 1 ]] && grep -q 'no permission to read the memory of process' "$work/error" ||
    fail "another user: status $status, $(cat "$work/output" "$work/error")"
fi

exit $failed
