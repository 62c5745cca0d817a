#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Names: an address that drops packets does not take the time of the next one; a name server that does not answer holds
# neither the timeout nor the end of the process; a port of the local range that is not listened on is refused, although TCP
# connects to itself there. Needs root, for namespaces of its own.
# usage: names_test.sh LEASH_CLIENT LEASH_LOAD
set -euo pipefail
if [[ ${INSIDE:-} != yes ]]; then
  unshare -m -n true 2>/dev/null || exit 77
  exec env INSIDE=yes unshare -m -n "$0" "$@"
fi
client=$1 load=$2
scratch=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$scratch"' EXIT
fail() { echo "$1" >&2; exit 1; }

mount --make-rprivate /
ip link set lo up
printf '127.0.0.1 localhost\n127.0.0.1 two.test\n127.0.0.2 two.test\n' >"$scratch/hosts"
printf 'nameserver 127.0.0.1\nsearch a.test b.test\n' >"$scratch/resolv.conf"
mount --bind "$scratch/hosts" /etc/hosts
mount --bind "$scratch/resolv.conf" /etc/resolv.conf

# 127.0.0.1 has a full backlog, so that it drops each SYN; 127.0.0.2 answers. On port 53 is a name server that is silent.
cat >"$scratch/server.py" <<'PY'
import socket, sys
silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
silent.bind(("127.0.0.1", 53))
good = socket.socket()
good.bind(("127.0.0.2", 8080))
good.listen(100)
full = socket.socket()
full.bind(("127.0.0.1", 8080))
full.listen(0)
waiting = [socket.socket() for _ in range(3)]
for each in waiting:
    each.setblocking(False)
    each.connect_ex(("127.0.0.1", 8080))
print("ready", flush=True)
while True:
    peer, _ = good.accept()
    peer.recv(65536)
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
    peer.close()
PY
exec {ready}< <(exec python3 "$scratch/server.py")
server=$!
read -r -u "$ready" _

milliseconds() { echo $((($(date +%s%N) - $1) / 1000000)); }

start=$(date +%s%N)
[[ $("$client" get http://two.test:8080/ --timeout 6s) == ok ]] || fail 'the second address was not tried'
took=$(milliseconds "$start")
((took < 3000)) || fail "it took $took ms to try the second address"
"$load" run http://two.test:8080/ --requests 3 --connections 1 --metrics none --quiet >"$scratch/out" ||
  fail "$(cat "$scratch/out")"

start=$(date +%s%N)
status=0
"$client" get http://up.name.test/ --timeout 500ms 2>"$scratch/err" || status=$?
took=$(milliseconds "$start")
[[ $status == 4 ]] || fail "status $status: $(cat "$scratch/err")"
((took < 3000)) || fail "a silent name server held it for $took ms"

if echo '40000 40003' 2>/dev/null >/proc/sys/net/ipv4/ip_local_port_range; then
  for port in 40000 40001 40002 40003; do
    for _ in 1 2 3; do
      if "$client" get "http://127.0.0.1:$port/" --timeout 2s 2>"$scratch/err"; then fail 'it talked to itself'; fi
      grep -qE 'Connection refused|Cannot assign requested address' "$scratch/err" || fail "to itself: $(cat "$scratch/err")"
    done
  done
fi
