#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""A thousand requests of each leak pattern: the report of leash-load, the metrics, the debug routes, the page, the profile
and the server's drain name the same number of leaked tasks and contexts, and the heap charged to tasks is what it grew by.

usage: leaks_agree_test.py LEASH_SERVER LEASH_LOAD"""
import gzip
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

SERVER, LOAD = sys.argv[1:3]
REQUESTS = 1000
PATTERNS = ["receive", "send", "poller", "error", "timer", "upstream", "wait_group"]


def check(what, found, expected):
    if found != expected:
        sys.exit(f"FAILED: {what}: {found}, and not {expected}")


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def fields(data):
    """The fields of a protobuf message: (number, value), a value being an int or bytes."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 2:
            length, at = varint(data, at)
            yield key >> 3, data[at : at + length]
            at += length
        else:
            value, at = varint(data, at)
            yield key >> 3, value


def profiled(profile):
    """The sum of the first value of all samples."""
    total = 0
    for number, sample in fields(gzip.decompress(profile)):
        if number == 2:
            values = b"".join(value for each, value in fields(sample) if each == 2)
            total += varint(values, 0)[0]
    return total


class Server:
    def __init__(self, folder):
        self.log = f"{folder}/log"
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [SERVER, "--mode", "leaky", "--leak-limit", "0", "--port", "0", "--admin-port", "0", "--threads", "2"],
                stdout=log, stderr=log)
        self.public, self.admin = self.addresses()

    def text(self):
        with open(self.log, encoding="utf-8") as log:
            return log.read()

    def addresses(self):
        for _ in range(300):
            found = re.search(r"^ready public=(\S+) admin=(\S+)$", self.text(), re.MULTILINE)
            if found:
                return found[1], found[2]
            time.sleep(0.02)
        sys.exit(f"FAILED: the server is not ready: {self.text()}")

    def get(self, path):
        with urllib.request.urlopen(self.admin + path, timeout=30) as answer:
            return answer.read()

    def json(self, path):
        return json.loads(self.get(path))

    def metric(self, name):
        """The sum over all labels."""
        lines = self.get("/metrics").decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if re.match(name + "[{ ]", line))

    def held(self):
        """What tasks hold: the heap that they are charged with, and their frames."""
        return self.metric("leash_task_heap_bytes") + self.metric("leash_task_frame_bytes")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def try_pattern(pattern, folder):
    server = Server(folder)
    try:
        heap_before = server.metric("process_heap_bytes")
        charged_before = server.held()
        load = subprocess.run(
            [LOAD, "run", "--quiet", "--requests", str(REQUESTS), "--json", f"{folder}/report",
             "--metrics", server.admin + "/metrics", f"{server.public}/demo?pattern={pattern}&latency=1ms"],
            capture_output=True, text=True, timeout=120)
        check(f"{pattern}: exit status of leash-load", load.returncode, 3)
        with open(f"{folder}/report", encoding="utf-8") as file:
            report = json.load(file)["server"]

        tasks = report["leaked_after_drain"]
        tasks_of = {
            "/metrics": server.metric("leash_tasks_leaked"),
            "/debug/leaks": server.json("/debug/leaks")["matched"],
            "/debug/pprof/goroutineleak": profiled(server.get("/debug/pprof/goroutineleak")),
            "/debug/leaks?format=folded": sum(
                int(line.rsplit(" ", 1)[1]) for line in server.get("/debug/leaks?format=folded").decode().splitlines()),
        }
        contexts = report["contexts_after_drain"]
        listed = server.json("/debug/contexts")
        contexts_of = {
            "/metrics": server.metric("leash_contexts_live") + server.metric("leash_contexts_held"),
            "/debug/contexts": listed["live"] + listed["held"],
        }
        outlived = listed["outlived"]
        check(f"{pattern}: outlived contexts in /metrics", server.metric("leash_contexts_outlived"), outlived)
        for place, found in tasks_of.items():
            check(f"{pattern}: leaked tasks in {place}", found, tasks)
        for place, found in contexts_of.items():
            check(f"{pattern}: contexts in {place}", found, contexts)
        if pattern == "timer":
            check("timer: leaked tasks", tasks, 0)
            check("timer: outlived contexts", outlived, REQUESTS)
        else:
            check(f"{pattern}: leaked tasks per request", tasks, REQUESTS * (2 if pattern == "send" else 1))

        for _ in range(40):  # the page takes a sample per second
            sample = server.json("/debug/history")["samples"]["tasks_leaked"][-1]
            if sample == tasks:
                break
            time.sleep(0.1)
        check(f"{pattern}: leaked tasks on the page", sample, tasks)

        grown = server.metric("process_heap_bytes") - heap_before
        charged = server.held() - charged_before
        if not 0.9 * grown <= charged <= 1.1 * grown:
            sys.exit(f"FAILED: {pattern}: {charged:.0f} bytes are charged to tasks, but the heap grew by {grown:.0f}")

        check(f"{pattern}: exit status of the server", server.stop(), 3)
        drained = re.search(r"event=drained tasks_left=\d+ leaked=(\d+) outlived=(\d+) reaped=0$", server.text(), re.MULTILINE)
        check(f"{pattern}: the drain's leaked and outlived", drained and drained.groups(), (str(tasks), str(outlived)))
        print(f"{pattern}: {tasks} tasks, {outlived} outlived contexts, {charged / grown:.2f} of the heap's growth charged")
    finally:
        server.process.kill()
        server.process.wait()


for pattern in PATTERNS:
    with tempfile.TemporaryDirectory() as folder:
        try_pattern(pattern, folder)
