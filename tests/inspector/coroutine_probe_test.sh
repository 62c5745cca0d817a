#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# A coroutine that does not return is found in a program without a line of leash in it: by its log, its page, its metrics,
# ps, and the dump by a signal.
# usage: coroutine_probe_test.sh PROGRAM LEASH_CLIENT
set -euo pipefail
program=$1
client=$2
# shellcheck source=tests/support/eventually.sh
source "$(dirname "${BASH_SOURCE[0]}")/../support/eventually.sh"
folder=$(mktemp -d)
pid=
trap '[[ -z $pid ]] || kill -KILL "$pid" 2>/dev/null || true; rm -rf "$folder"' EXIT
fail() {
  printf 'FAILED: %s\n' "$*" >&2
  cat "$folder/err" >&2
  exit 1
}

mkfifo "$folder/in"
env -u LEASH_ADMIN_TOKEN LEASH_DUMP_SIGNAL=USR1 LEASH_INSPECT=127.0.0.1:0 "$program" <"$folder/in" >"$folder/out" 2>"$folder/err" &
pid=$!
exec 3>"$folder/in"
eventually grep -q '^ready$' "$folder/out" || fail 'it has not begun'
url=$(sed -n 's/.* listens on //p' "$folder/err")

eventually grep -q 'event="a coroutine does not return"' "$folder/err" || fail 'it is not in the log'
line=$(grep 'does not return' "$folder/err")
site='tests/inspector/programs/blocks\.cpp:[0-9]+'
[[ $line =~ coroutine=session\ site=$site\ chain=\"block\ $site\ \<\ session\ $site\" ]] || fail "the log says: $line"
[[ $line == *leash_blocks+0x* ]] || fail "no native stack: $line"
curl -fsS "$url/debug/history" | jq -e '.stalls[0] | contains("coroutine session, made at ")' >/dev/null || fail 'not on the page'
stalls() { curl -fsS "$url/metrics" | sed -nE "s|^leash_loop_stalls_total\\{site=\"$site\"\\} ||p"; }
[[ $(stalls) == 1 ]] || fail "$(stalls) and not one in the metrics"

# names_it TEXT: it is the only one, and its innermost line is the one that blocks.
names_it() {
  grep -A 2 -E '^coroutine [0-9]+ \[running\] detached, ' <<<"$1" | tr -d '\n' |
    grep -E "    block +$site    session +$site\$" >/dev/null
}
text=$("$client" ps "$pid")
names_it "$text" || fail "ps says: $text"
kill -USR1 "$pid"
eventually grep -q '^leash: end of the dump$' "$folder/err" || fail 'no dump'
names_it "$(cat "$folder/err")" || fail 'the dump does not name it'

exec 3>&-
eventually grep -q 'event="a coroutine has returned"' "$folder/err" || fail 'its end is not in the log'
[[ $(stalls) == 1 ]] || fail 'it was counted twice'
curl -fsS "$url/debug/history" | jq -e '.stalls == []' >/dev/null || fail 'it stays on the page'
