#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Real clients of the two servers of Boost.Beast, and what their dumps say: beast_test.py BINARIES PROJECT"""

import base64
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time

binaries, project = sys.argv[1:]
connections = 3


class Server:
    def __init__(self, name):
        self.name = name
        self.source = f"{project}/examples/{name}/main.cpp"
        self.process = subprocess.Popen(
            [f"{binaries}/{name}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])

    # {(function, wait): how many}
    def coroutines(self):
        self.process.send_signal(signal.SIGUSR1)
        found = {}
        count, wait, first = 1, "", False
        with open(self.source) as file:
            source = file.read().splitlines()
        while (line := self.process.stderr.readline()) != "end\n":
            assert line, f"{self.name} ended"
            if match := re.match(r"(\d+) coroutines like this one", line):
                count = int(match[1])
            elif match := re.match(r"coroutine \d+ \[([^],]+)", line):
                wait, first = match[1], True
            elif match := re.match(r"    (\S+) +(\S+):(\d+)$", line):
                assert match[2].endswith(f"{self.name}/main.cpp"), line
                assert "co_await" in source[int(match[3]) - 1], line
                if first:
                    key = (match[1], wait)
                    found[key] = found.get(key, 0) + count
                count, first = 1, False
        return found

    # Asks again until they are so, or ten seconds are over.
    def expect(self, wanted):
        give_up = time.monotonic() + 10
        pause = 0.001
        while (found := self.coroutines()) != wanted:
            assert time.monotonic() < give_up, f"{self.name}: {found}, not {wanted}"
            time.sleep(pause)
            pause = min(2 * pause, 0.2)

    def stop(self):
        self.process.terminate()
        self.process.communicate(timeout=30)
        assert self.process.returncode == 0, f"{self.name}: status {self.process.returncode}"


idle = {("serve", "accept"): 1, ("handle_signals", "running"): 1}  # it writes the dump

# --- HTTP: curl, and connections that stay ---
server = Server("beast_http")
body = subprocess.run(["curl", "--silent", "--fail", "--max-time", "10", f"http://127.0.0.1:{server.port}/one"],
                      check=True, capture_output=True, text=True).stdout
assert body == "/one\n", body
clients = [http.client.HTTPConnection("127.0.0.1", server.port, timeout=10) for _ in range(connections)]
for client in clients:
    client.request("GET", "/two")
    assert client.getresponse().read() == b"/two\n"
server.expect(idle | {("answer", "read"): connections})
for client in clients:
    client.close()
server.expect(idle)
server.stop()


# --- websockets (RFC 6455) ---
class Websocket:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        self.stream = self.socket.makefile("rb")
        status = self.stream.readline()
        assert status.split()[1] == b"101", status
        while self.stream.readline() != b"\r\n":
            pass

    # One text frame, masked as a client's has to be.
    @staticmethod
    def frame(text):
        mask = os.urandom(4)
        return bytes([0x81, 0x80 | len(text)]) + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(text))

    # One frame there and one back.
    def echo(self, text):
        self.socket.sendall(self.frame(text))
        first, size = self.stream.read(2)
        assert first == 0x81, first
        return self.stream.read(size)

    def close(self):
        self.stream.close()
        self.socket.close()


server = Server("beast_websocket")
clients = [Websocket(server.port) for _ in range(connections)]
for client in clients:
    assert client.echo(b"hello") == b"hello"
server.expect(idle | {("talk", "read"): connections})
for client in clients:
    client.close()
server.expect(idle)
server.stop()

# The frames of its coroutines go while each of them reads a message of which the first half has come.
server = Server("beast_websocket")
clients = [Websocket(server.port) for _ in range(connections)]
for client in clients:
    assert client.echo(b"hello") == b"hello"
    client.socket.sendall(Websocket.frame(b"a message that ends early")[:12])
server.expect(idle | {("talk", "read"): connections})
server.stop()
