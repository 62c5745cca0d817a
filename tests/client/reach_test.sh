#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# How a server is reached by leash-client and leash-load: https with certificates that are trusted and not, Unix sockets.
# usage: reach_test.sh LEASH_CLIENT LEASH_LOAD
set -euo pipefail
client=$1 load=$2
. "$(dirname "${BASH_SOURCE[0]}")/../support/eventually.sh"

scratch=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$scratch"' EXIT
fail() { echo "$1" >&2; exit 1; }

# --- https -------------------------------------------------------------------------------------------------

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost -keyout "$scratch/key.pem" -out "$scratch/cert.pem" 2>/dev/null
openssl s_server -accept 127.0.0.1:0 -cert "$scratch/cert.pem" -key "$scratch/key.pem" -www >"$scratch/tls.log" 2>&1 &
pids+=($!)
eventually grep -q '^ACCEPT ' "$scratch/tls.log"
port=$(sed -n '/^ACCEPT /{s/.*://p;q}' "$scratch/tls.log")

"$client" get "https://localhost:$port/" --cacert "$scratch/cert.pem" | grep 'TLSv1' >/dev/null || fail 'a trusted certificate was refused'
"$client" get "https://localhost:$port/" --insecure >/dev/null || fail '--insecure checks'
if "$client" get "https://localhost:$port/" 2>"$scratch/err"; then fail 'a certificate that nothing vouches for was taken'; fi
grep -q 'certificate verify failed' "$scratch/err" || fail "$(cat "$scratch/err")"
if "$client" get "https://127.0.0.1:$port/" --cacert "$scratch/cert.pem" 2>/dev/null; then
  fail 'a certificate of another name was taken'
fi
"$load" run "https://localhost:$port/" --cacert "$scratch/cert.pem" --requests 5 --connections 2 --metrics none --quiet \
  >"$scratch/out" || fail "$(cat "$scratch/out")"
grep -q '5 sent, 5 ok' "$scratch/out" || fail "$(cat "$scratch/out")"

# --- a Unix socket -----------------------------------------------------------------------------------------

cat >"$scratch/server.py" <<'PY'
import http.server, socketserver, sys

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = ("host " + self.headers["Host"]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def address_string(self):
        return "unix"
    def log_message(self, *arguments):
        pass

class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

Server(sys.argv[1], Handler).serve_forever()
PY
python3 "$scratch/server.py" "$scratch/socket" &
pids+=($!)
eventually test -S "$scratch/socket"
[[ $("$client" get http://example.org/ --unix-socket "$scratch/socket") == 'host example.org' ]] || fail 'not over the Unix socket'
"$load" run http://example.org/ --unix-socket "$scratch/socket" --requests 20 --connections 2 --metrics none --quiet \
  >"$scratch/out" || fail "$(cat "$scratch/out")"
grep -q '20 sent, 20 ok' "$scratch/out" || fail "$(cat "$scratch/out")"
