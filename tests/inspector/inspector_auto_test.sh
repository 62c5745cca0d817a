#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# A program without a line of leash in it, linked with leash::inspector_auto, shows itself if LEASH_INSPECT says where.
# usage: inspector_auto_test.sh PROGRAM LEASH_CLIENT
set -euo pipefail
program=$1
client=$2
# shellcheck source=tests/support/eventually.sh
source "$(dirname "${BASH_SOURCE[0]}")/../support/eventually.sh"
folder=$(mktemp -d)
pid=
stop() {
  [[ -z $pid ]] || kill -KILL "$pid" 2>/dev/null || true
  [[ -z $pid ]] || wait "$pid" 2>/dev/null || true
  pid=
}
trap 'stop; rm -rf "$folder"' EXIT
fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}
# start [VARIABLE=VALUE]...: when it waits, its standard error is in $folder/err.
start() {
  stop
  : >"$folder/out"  # before it is looked at: the program opens it later
  env -u LEASH_INSPECT -u LEASH_ADMIN_TOKEN "$@" "$program" >"$folder/out" 2>"$folder/err" &
  pid=$!
  eventually grep -q '^ready$' "$folder/out"
}
said() { [[ $(cat "$folder/err") == "$1" ]] || fail "it said '$(cat "$folder/err")' and not '$1'"; }

start
said ''
start LEASH_INSPECT=
said ''

start LEASH_DUMP_SIGNAL=USR1
kill -USR1 "$pid"
eventually grep -q '^leash: end of the dump$' "$folder/err" || fail 'no dump'
grep -A 1 '^11 coroutines like this one' "$folder/err" | grep '^coroutine .* \[read, ' >/dev/null || fail "the dump: $(cat "$folder/err")"

start LEASH_INSPECT=127.0.0.1:0
grep -Eqx 'leash: the inspector listens on http://127\.0\.0\.1:[0-9]+' "$folder/err" || fail "it said '$(cat "$folder/err")'"
url=$(sed 's/.* on //' "$folder/err")
curl -fsS -H 'Accept: text/html' "$url/" | grep -F "<title>$(basename "$program")</title>" >/dev/null || fail 'the page has not its name'
# All say the same: eleven wait for data, and one for them.
[[ $(curl -fsS "$url/debug/coroutines" | jq .live,.matched | paste -sd ' ') == '12 12' ]] || fail 'not twelve as JSON'
curl -fsS "$url/debug/coroutines" |
  jq -e '.coroutines[0] | .count == 11 and .function == "receive" and .example.spawned_by == "accept_all"' >/dev/null ||
  fail 'the eleven are not one entry'
last_sample() { curl -fsS "$url/debug/history" | jq '.samples.coroutines_live[-1]'; }
last_sample_is() { [[ $(last_sample) == "$1" ]]; }
eventually last_sample_is 12 || fail "$(last_sample) and not twelve on the page"  # one is taken per second
curl -fsS "$url/debug/coroutines?format=text" | grep -x '12 of 12 coroutines' >/dev/null || fail 'not twelve as text'
curl -fsS "$url/debug/coroutines?format=folded" | grep '^spawned by accept_all;receive .* 11$' >/dev/null || fail 'not eleven folded'
curl -fsS "$url/metrics" | awk '/^leash_tasks_live{.*kind="coroutine"/ { sum += $NF } END { exit sum != 12 }' || fail 'not twelve as metrics'
[[ $("$client" ps --json "$pid" | jq .live_coroutines) == 12 ]] || fail 'not twelve from outside'
if type -P go >/dev/null; then
  HOME=$folder PPROF_TMPDIR=$folder go tool pprof -top "$url/debug/pprof/tasks" 2>/dev/null |
    grep 'accounting for 12, 100% of 12 total' >/dev/null || fail 'not twelve in the profile'
else
  echo 'the profile was not looked at: there is no Go (scripts/bootstrap --peers installs it)'
fi

start LEASH_INSPECT="unix:$folder/socket"
said "leash: the inspector listens on unix:$folder/socket"
curl -fsS --unix-socket "$folder/socket" http://app/debug/tasks | jq -e '.schema == 1' >/dev/null || fail 'not on its socket'
start LEASH_INSPECT="unix:$folder/socket"  # what the one that was killed left behind is replaced
said "leash: the inspector listens on unix:$folder/socket"

start LEASH_INSPECT=127.0.0.1:0 LEASH_ADMIN_TOKEN=s3cret
url=$(sed 's/.* on //' "$folder/err")
[[ $(curl -sS -o "$folder/reply" -w '%{http_code}' "$url/metrics") == 401 ]] || fail 'it answers without a token'
curl -fsS -H 'Authorization: Bearer s3cret' "$url/metrics" -o "$folder/reply" || fail 'it does not take its token'

# What is wrong is one line, and the program runs.
start LEASH_INSPECT=8081
said 'leash: the inspector cannot start: LEASH_INSPECT: cannot listen on "8081": use ADDRESS:PORT or unix:PATH'
start LEASH_INSPECT=127.0.0.1:0 LEASH_ADMIN_TOKEN=
said 'leash: the inspector cannot start: LEASH_ADMIN_TOKEN is empty; unset it if no token is needed'
