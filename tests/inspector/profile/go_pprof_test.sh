#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Go's own `go tool pprof` reads the profiles of a running server; npm's pprof-format does, where it is installed.
# usage: go_pprof_test.sh PATH_OF_LEASH_SERVER
set -euo pipefail
server=$1
if ! type -P go >/dev/null; then
  printf 'skipped: there is no Go (scripts/bootstrap --peers installs it)\n'
  exit 77
fi
# shellcheck source=tests/support/eventually.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../support/eventually.sh"
folder=$(mktemp -d)
export HOME=$folder PPROF_TMPDIR=$folder
pids=()
cleanup() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap cleanup EXIT
fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

"$server" --mode leaky --port 0 --admin-port 0 >"$folder/ready" 2>"$folder/log" &
pids+=($!)
eventually grep -q '^ready ' "$folder/ready"
public=$(sed 's/.*public=\(http:[^ ]*\).*/\1/' "$folder/ready")
admin=$(sed 's/.*admin=\(http:[^ ]*\).*/\1/' "$folder/ready")
leak() { for _ in $(seq "$1"); do curl -fsS "$public/demo?pattern=send&latency=0" -o "$folder/reply"; done; }
leaked() { [[ $(curl -fsS "$admin/debug/leaks" | jq .matched) -eq $1 ]]; }
pprof() { go tool pprof "$@" 2>"$folder/pprof.log" || fail "go tool pprof $*: $(cat "$folder/pprof.log")"; }
has() { # has TEXT WHAT: standard input has a line that matches
  local text
  text=$(cat)
  grep -Eq -- "$1" <<<"$text" || fail "$2: no line matches $1:
$text"
}

leak 5
eventually leaked 10
pprof -top -sample_index=leaked "$admin/debug/pprof/tasks" | has '^ *10 .* \[chan send\]' 'tasks: leaked'
pprof -top "$admin/debug/pprof/goroutine" | has '^Type: tasks' 'goroutine'
pprof -top "$admin/debug/pprof/goroutineleak" | has ' 10 .*started by .*send_leaky' 'goroutineleak'
pprof -traces "$admin/debug/pprof/tasks" | has 'replica_leaky' 'traces'
pprof -tags "$admin/debug/pprof/tasks" | has 'leaked' 'tags'
pprof -top -sample_index=space "$admin/debug/pprof/tasks" | has 'kB|MB|B' 'space'
pprof -top -sample_index=waiting "$admin/debug/pprof/tasks" | has '[0-9]m?s|mins' 'waiting'

# The pages of its web view.
port=$(python3 -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])')
"$(go env GOTOOLDIR)/pprof" -no_browser -http="127.0.0.1:$port" "$admin/debug/pprof/tasks" >"$folder/web.log" 2>&1 &
pids+=($!)
answers() { curl -fsS "http://127.0.0.1:$port/ui/$1" -o "$folder/page" 2>/dev/null; }
eventually answers top || fail "the web view: $(cat "$folder/web.log")"
for view in top flamegraph peek source; do
  answers "$view" && grep -q replica_leaky "$folder/page" || fail "the web view, $view: $(cat "$folder/web.log")"
done

pprof -proto -output "$folder/before.pb.gz" "$admin/debug/pprof/tasks" >/dev/null
leak 3
eventually leaked 16
pprof -top -sample_index=leaked -diff_base "$folder/before.pb.gz" "$admin/debug/pprof/tasks" |
  has '^ *6 .* \[chan send\]' 'what has grown'

curl -fsS "$admin/debug/leaks?format=folded" | has '^started by [^;]*send_leaky .*;replica_leaky .*;\[chan send\] 16$' 'folded'

if type -P node >/dev/null && modules=$(npm root -g 2>/dev/null) && [[ -d $modules/pprof-format ]]; then
  curl -fsS "$admin/debug/pprof/tasks" -o "$folder/profile"
  NODE_PATH=$modules node -e '
    const { Profile } = require("pprof-format");
    const bytes = require("zlib").gunzipSync(require("fs").readFileSync(process.argv[1]));
    const profile = Profile.decode(bytes);
    console.log(profile.sampleType.map(type => profile.stringTable.strings[type.type]).join(" "));
  ' "$folder/profile" | has '^tasks leaked space waiting$' 'pprof-format'
fi
