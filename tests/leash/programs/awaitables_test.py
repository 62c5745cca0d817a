#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Runs tracked programs with real clients and reads their dumps: awaitables_test.py BINARIES PROJECT EXAMPLES NAME..."""

import os
import re
import signal
import socket
import subprocess
import sys
import time

binaries, project, examples, *names = sys.argv[1:]
failures = 0


def check(holds, what):
    global failures
    if not holds:
        failures += 1
        print("FAILED:", what, flush=True)


class Program:
    def __init__(self, name, *arguments):
        self.name = name
        self.process = subprocess.Popen(
            [f"{binaries}/tracked_{name}", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PATIENCE_MS": "0"})

    def dump(self):
        self.process.send_signal(signal.SIGUSR1)
        lines = []
        while (line := self.process.stderr.readline()) != "end\n":
            if not line:
                raise RuntimeError(f"{self.name} ended with status {self.process.wait()}")
            lines.append(line)
        return "".join(lines)

    # Groups: (count, wait, state and what follows, [(function, file, line)])
    def groups(self):
        found = []
        count = 1
        for line in self.dump().splitlines():
            if match := re.match(r"(\d+) coroutines like this one", line):
                count = int(match[1])
            elif match := re.match(r"coroutine \d+ \[([^],]+)[^]]*\] (.*)", line):
                found.append([count, match[1], match[2], []])
                count = 1
            elif match := re.match(r"    (\S+) +(\S+):(\d+)$", line):
                found[-1][3].append((match[1], match[2], int(match[3])))
        return found

    # Asks again until the groups are so, or ten seconds are over.
    def until(self, so):
        give_up = time.monotonic() + 10
        pause = 0.001
        while not so(groups := self.groups()) and time.monotonic() < give_up:
            time.sleep(pause)
            pause = min(2 * pause, 0.2)
        return groups

    def stop(self):
        self.process.terminate()
        self.process.communicate(timeout=30)


def connect(port):
    for attempt in range(200):
        try:
            return socket.create_connection(("127.0.0.1", port), 10)
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"nothing listens on {port}")


# The port of an example is fixed, and is among those that the system gives to other connections. A bound socket that does
# not listen keeps it from them, and lets the example listen there.
def hold(port):
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    give_up = time.monotonic() + 90
    while True:
        try:
            held.bind(("", port))
            return held
        except OSError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.1)


# An example that cannot listen does not end: it is started again.
def start_with_client(name, port, *arguments):
    for patience in (2, 4, 8, 16):
        program = Program(name, *arguments)
        give_up = time.monotonic() + patience
        while time.monotonic() < give_up and program.process.poll() is None:
            try:
                return program, socket.create_connection(("127.0.0.1", port), 10)
            except OSError:
                time.sleep(0.05)
        program.process.kill()
        said = "".join(program.process.communicate())
    raise RuntimeError(f"{name} does not listen on {port}: {said}")


def ask(connection, line=b"hello\n"):
    connection.sendall(line)
    return connection.recv(100)


def count_of(groups, function, wait, state=""):
    return sum(g[0] for g in groups if g[3] and g[3][0][0].endswith(function) and g[1] == wait and g[2].startswith(state))


def check_places(name, groups, source):
    with open(source) as file:
        lines = file.read().splitlines()
    for group in groups:
        check(group[3], f"{name}: a coroutine without a frame of its own")
        for function, file, line in group[3]:
            statement = " ".join(lines[max(0, line - 3):line])
            check(os.path.basename(file) == os.path.basename(source), f"{name}: a frame in {file}")
            check("co_await" in statement, f"{name}: {file}:{line} is no co_await: {statement}")


# --- Asio's own examples, with idle clients ---
held = None
for name in names:
    source = f"{examples}/{name}.cpp"
    port = 55555
    arguments = []
    if name == "chat_server":
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        arguments = [str(port)]
    else:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                print(f"skipped {name}: port {port} is in use")
                continue
        held = held or hold(port)
    program, client = start_with_client(name, port, *arguments)
    clients = [client, *(connect(port) for _ in range(4))]
    for client in clients:
        ask(client)
    waiting = {"chat_server": ("reader", "writer"), "refactored_echo_server": ("echo_once",)}.get(name, ("echo",))
    kinds = {"writer": "timer"}
    groups = program.until(lambda g: all(count_of(g, f, kinds.get(f, "read")) == 5 for f in waiting))
    for function in waiting:
        check(count_of(groups, function, kinds.get(function, "read")) == 5, f"{name}: 5 in {function}: {groups}")
    check(count_of(groups, "listener", "accept") == 1, f"{name}: the listener: {groups}")
    check(sum(g[0] for g in groups) == 5 * len(waiting) + 1, f"{name}: all that is alive: {groups}")
    if name == "refactored_echo_server":
        check(any([f[0] for f in g[3]] == ["echo_once", "echo"] for g in groups), f"{name}: the chain: {groups}")
    check_places(name, groups, source)
    for client in clients:
        client.close()
    groups = program.until(lambda g: sum(x[0] for x in g) == 1)
    check(sum(g[0] for g in groups) == 1, f"{name}: only the listener is left: {groups}")
    program.stop()

# --- the service with two planted leaks, unchanged, with owners, and mended ---
connections = 20
for name, verdict, left in (("service", "stray", 2), ("owned", "leaked", 2), ("mended", "", 0)):
    for threads in ("1", "4"):
        program = Program(name, threads)
        port = int(program.process.stdout.readline().split()[1])
        clients = [connect(port) for _ in range(connections)]
        for client in clients:
            check(ask(client) == b"1\n", f"{name}: the reply")
        groups = program.until(lambda g: count_of(g, "serve", "read") == connections)
        check(count_of(groups, "serve", "read") == connections, f"{name} {threads}: sessions: {groups}")
        check(not any(g[2].startswith(("stray", "leaked")) for g in groups if g[3][0][0] != "serve"),
              f"{name} {threads}: nothing is left behind while the clients are there: {groups}")
        for client in clients:
            client.close()
        functions = {"keep_journal": "chan receive", "say_goodbye": "timer"} if left else {}
        done = lambda g: sum(x[0] for x in g) == left * connections + 1 and all(
            count_of(g, f, w, verdict) == connections for f, w in functions.items())
        groups = program.until(done)
        check(done(groups), f"{name} {threads}: {left} x {connections} {verdict}: {groups}")
        check_places(name, groups, f"{project}/tests/leash/programs/growing_service/{name}.cpp")
        if name == "service":
            check(all("spawned by serve, which ended" in g[2] for g in groups if g[2].startswith("stray")),
                  f"{name} {threads}: the spawner: {groups}")
        program.stop()

print("failures:", failures)
sys.exit(failures != 0)
