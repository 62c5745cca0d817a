#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# scripts/soak sees what is left over, whoever left it; and nothing of it stays behind when it is interrupted.
# usage: soak_test.sh FOLDER_OF_THE_BINARIES
export LEASH_BIN=${1:-$PWD/build/bin}
# shellcheck source=tests/project/check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

export LEASH_SOAK_OUT=$scratch/soak
out=$LEASH_SOAK_OUT
began='^soak: 12 s$' # the warm-up is over

start_soak() {
  rm -rf "$out"
  scripts/soak 0.2 >"$scratch/out" 2>"$scratch/err" </dev/null &
  soak=$!
  for ((i = 0; i < 600; i++)); do
    ! grep -q "$began" "$scratch/out" || return 0
    sleep 0.1
  done
  command_line=scripts/soak status=none
  fail 'it did not begin'
}
ends_with() { # ends_with STATUS
  status=0
  wait "$soak" || status=$?
  command_line='scripts/soak 0.2'
  status_is "$1"
}

start_soak
url=$(sed 's/.*public=\(http:[^ ]*\).*/\1/' "$out/server.out")
curl -sSf -o /dev/null "$url/demo?mode=leaky&pattern=timer"
ends_with 1
error_says '^soak: server: contexts: [0-9]* at the start, [0-9]* at the end$'
error_says '^soak: server: timers: 0 at the start, 1 at the end$'
error_says 'something is left over'
grep -q 'server/patterns/timer.cpp' "$out/contexts.txt" || fail 'it does not say where the context was made'

start_soak
url=$(sed 's/.*public=\(http:[^ ]*\).*/\1/' "$out/server.out")
kill -TERM "$soak"
ends_with 143
answers() { curl -sS --max-time 2 -o /dev/null "$url/healthz" 2>/dev/null; }
for ((i = 0; i < 50; i++)); do
  answers || break
  sleep 0.1
done
! answers || fail 'its server still runs'
