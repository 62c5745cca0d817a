#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Clients and proxies of others work with the server as they are: each that is installed sends some hundred requests.
# Those that are missing are named; scripts/bootstrap --peers installs all.
# usage: peers_test.sh PATH_OF_LEASH_SERVER
set -euo pipefail
server=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/support/eventually.sh
source "$here/../support/eventually.sh"
folder=$(mktemp -d)
pids=()
cleanup() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap cleanup EXIT

peer=
fail() {
  printf 'FAILED: %s: %s\n' "$peer" "$*" >&2
  for log in "$folder"/*.log; do sed "s|^|  > ${log##*/}: |" "$log" | tail -n 20 >&2; done
  exit 1
}

"$server" --port 0 --admin-port 0 >"$folder/ready" 2>"$folder/server.log" &
pids+=($!)
eventually grep -q '^ready ' "$folder/ready" || fail 'it was waited for in vain'
public=$(sed 's/.*public=\(http:[^ ]*\).*/\1/' "$folder/ready")
admin=$(sed 's/.*admin=\(http:[^ ]*\).*/\1/' "$folder/ready")
demo="$public/demo?latency=1ms"
head -c 300000 /dev/urandom >"$folder/body"

metric() { # metric NAME [ROUTES [CODE]]: the sum over all labels, or over those
  curl -sS "$admin/metrics" | awk -v name="$1" -v route="route=\"(${2:-.*})\"" -v code="code=\"${3:-.*}\"" -v labeled="${2:-}" '
    index($0, name) == 1 && (!labeled || ($0 ~ route && $0 ~ code)) { sum += $NF } END { printf "%d", sum }'
}
served() { metric http_requests_total '/demo|/echo'; }
succeeded() { metric http_requests_total '/demo|/echo' 200; }
gone() { metric http_requests_total /backend 499; }

# uses PEER [PROGRAM]: whether it is there; what it is about to do is counted.
uses() {
  peer=$1
  if ! type -P "${2:-$1}" >/dev/null; then
    printf 'skipped: %s is not installed\n' "$peer"
    return 1
  fi
  served_before=$(served)
  succeeded_before=$(succeeded)
  connections_before=$(metric http_connections_total)
}

# sent AT-LEAST AT-MOST-CONNECTIONS [LEFT]: so many requests have been served, and every one with success, but for at
# most LEFT whose client did not wait for the answer.
sent() {
  local count=$(($(served) - served_before)) good=$(($(succeeded) - succeeded_before))
  local connections=$(($(metric http_connections_total) - connections_before))
  [[ $count -ge $1 ]] || fail "the server has seen $count requests, not $1"
  [[ $((count - good)) -le ${3:-0} ]] || fail "$good of $count requests were served with 200"
  [[ $connections -le $2 ]] || fail "it took $connections connections, not $2, for $count requests"
  printf 'ok: %s: %d requests, %d connections\n' "$peer" "$count" "$connections"
}

says() { grep -Eq -- "$2" "$folder/$1" || fail "its output does not have '$2': $(cat "$folder/$1")"; }
says_not() { ! grep -Eq -- "$2" "$folder/$1" || fail "its output has '$2': $(cat "$folder/$1")"; }

curl_requests() { # curl_requests URL [option…]
  local url=$1
  shift
  curl -sSf "$@" -o /dev/null -o /dev/null "$url/demo?latency=[1-2]ms" || fail 'two requests'
  curl -sSf "$@" -I "$url/demo" >"$folder/curl.out" || fail 'HEAD'
  says curl.out '^HTTP/1.1 200'
  curl -sSf "$@" --http1.0 -o /dev/null "$url/demo" || fail 'HTTP/1.0'
  curl -sSf "$@" -o "$folder/echo" --data-binary @"$folder/body" -H 'Expect: 100-continue' "$url/echo" || fail 'POST'
  cmp "$folder/body" "$folder/echo" || fail 'the body has changed'
  curl -sSf "$@" -o "$folder/echo" --data-binary @"$folder/body" -H 'Transfer-Encoding: chunked' "$url/echo" || fail 'chunks'
  cmp "$folder/body" "$folder/echo" || fail 'the body in chunks has changed'
  curl -sSf "$@" --no-progress-meter -Z --parallel-max 8 -o /dev/null "$url/demo?latency=1ms&fanout=[1-50]" -o /dev/null "$url/demo?latency=1ms&payload=[1-50]" ||
    fail 'requests side by side'
}

if uses curl; then
  curl_requests "$public"
  curl -sS -o /dev/null -o /dev/null -w '%{num_connects}\n' "$demo&fanout=[1-2]" >"$folder/curl.out"
  [[ $(tr '\n' ' ' <"$folder/curl.out") == '1 0 ' ]] || fail 'the second request took a connection of its own'
  sent 108 30
fi

if uses wrk; then
  wrk -t 1 -c 8 -d 1s "$demo" >"$folder/wrk.out" 2>&1 || fail "$(cat "$folder/wrk.out")"
  says wrk.out '^Requests/sec'
  says_not wrk.out 'Socket errors|Non-2xx'
  sent 100 16 8 # it stops in the middle of what its 8 connections do
fi

if uses ab; then
  ab -q -l -k -n 300 -c 8 "$demo" >"$folder/ab.out" 2>&1 || fail "$(cat "$folder/ab.out")"
  says ab.out '^Complete requests: +300$'
  says ab.out '^Failed requests: +0$'
  says ab.out '^Keep-Alive requests: +300$'
  says_not ab.out 'Non-2xx'
  ab -q -l -n 100 -c 8 "$demo" >"$folder/ab.out" 2>&1 || fail "$(cat "$folder/ab.out")"
  says ab.out '^Failed requests: +0$'
  sent 400 120
fi

if uses h2load; then
  h2load --h1 -n 300 -c 8 -m 4 "$demo" >"$folder/h2load.out" 2>&1 || fail "$(cat "$folder/h2load.out")"
  says h2load.out '^requests: 300 total, 300 started, 300 done, 300 succeeded, 0 failed, 0 errored'
  sent 300 16
fi

if uses "Python's http.client" python3; then
  python3 "$here/http_client.py" "$public" || fail "it ended with status $?"
  sent 202 1
fi

if uses "Node's fetch" node; then
  node "$here/fetch.mjs" "$public" || fail "it ended with status $?"
  sent 202 20
fi

if uses Chromium chromium; then
  timeout 60 chromium --headless=new --no-sandbox --disable-gpu --user-data-dir="$folder/chromium" --dump-dom "$demo&pattern=send" \
    >"$folder/chromium.out" 2>"$folder/chromium.err" || fail "$(tail -n 5 "$folder/chromium.err")"
  says chromium.out '"pattern":"send","mode":"fixed"'
  timeout 60 chromium --headless=new --no-sandbox --disable-gpu --user-data-dir="$folder/chromium" --dump-dom "$admin/debug/tasks" \
    >"$folder/chromium.out" 2>"$folder/chromium.err" || fail "$(tail -n 5 "$folder/chromium.err")"
  says chromium.out '<h1>tasks</h1>'
  sent 1 6
fi

# Proxies listen on a socket in the file system: no port can be taken.
# They keep their connections to the server, and what goes wrong behind them reaches the client.
proxy_requests() { # proxy_requests SOCKET
  local via=(--unix-socket "$1")
  [[ $(curl -sS "${via[@]}" -o /dev/null -w '%{http_code}' -H 'X-Request-Timeout-Ms: 20' 'http://peer/backend?latency=5s') == 504 ]] ||
    fail 'a budget that is used up is no 504'
  [[ $(curl -sS "${via[@]}" -o /dev/null -w '%{http_code}' 'http://peer/demo?pattern=none') == 400 ]] || fail 'an error has changed'
  served_before=$(served)
  succeeded_before=$(succeeded)
  curl_requests http://peer "${via[@]}"
  curl -sSf "${via[@]}" --no-progress-meter -Z --parallel-max 8 -o /dev/null "http://peer/demo?latency=1ms&payload=[1-200]" || fail 'requests side by side'
}

# client_leaves SOCKET: the server hears of it.
client_leaves() {
  local before
  before=$(gone)
  curl -sS --unix-socket "$1" --max-time 0.2 -o /dev/null 'http://peer/backend?latency=30s' 2>/dev/null && fail 'there was an answer'
  eventually more_are_gone "$before" || fail 'it was waited for in vain'
}
more_are_gone() { [[ $(gone) -gt $1 ]]; }

if uses nginx; then
  cat >"$folder/nginx.conf" <<CONF
daemon off;
master_process off;
pid $folder/nginx.pid;
error_log $folder/nginx.log warn;
worker_processes 1;
events {}
http {
  access_log off;
  client_body_temp_path $folder/body-temp;
  proxy_temp_path $folder/proxy-temp;
  fastcgi_temp_path $folder/fastcgi-temp;
  uwsgi_temp_path $folder/uwsgi-temp;
  scgi_temp_path $folder/scgi-temp;
  upstream leash {
    server ${public#http://};
    keepalive 8;
  }
  server {
    listen unix:$folder/nginx.socket;
    location / {
      proxy_pass http://leash;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
CONF
  nginx -p "$folder" -e "$folder/nginx.log" -c "$folder/nginx.conf" 2>>"$folder/nginx.log" &
  pids+=($!)
  eventually test -S "$folder/nginx.socket" || fail 'it was waited for in vain'
  proxy_requests "$folder/nginx.socket"
  client_leaves "$folder/nginx.socket"
  sent 306 40
fi

if uses HAProxy haproxy; then
  cat >"$folder/haproxy.cfg" <<CONF
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend peers
  bind unix@$folder/haproxy.socket
  default_backend leash
backend leash
  option httpchk GET /readyz
  option abortonclose
  server leash ${public#http://} check inter 1s pool-max-conn 8
CONF
  haproxy -db -f "$folder/haproxy.cfg" >"$folder/haproxy.log" 2>&1 &
  pids+=($!)
  eventually test -S "$folder/haproxy.socket" || fail 'it was waited for in vain'
  proxy_requests "$folder/haproxy.socket"
  sent 306 60
fi

# After all of them nothing is left in the server.
kill -TERM "${pids[0]}"
status=0
wait "${pids[0]}" || status=$?
peer='the server'
[[ $status -eq 0 ]] || fail "it ended with status $status: tasks were left"
