#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""A server in a memory control group of 256 MiB, and all at once everything that takes memory: it lives, leaves nothing
behind, and a normal client is answered in time.

usage: container_test.py PATH_OF_LEASH_SERVER [SECONDS]
Status 77 (skipped): there is no control group that this user may make."""
import http.client, multiprocessing, os, re, signal, socket, subprocess, sys, time

LIMIT = 256 * 1024 * 1024
SERVER, SECONDS = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 60


def make_group():
    """A folder for a group with the limit, of either version; None."""
    name = f"leash-test-{os.getpid()}"
    for root, file in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
        group = f"{root}/{name}"
        try:
            os.mkdir(group)
        except OSError:
            continue
        try:
            with open(f"{group}/{file}", "w") as limit:
                limit.write(str(LIMIT))
            return group
        except OSError:
            os.rmdir(group)
    return None


GROUP = make_group()
if not GROUP:
    print("skipped: no memory control group can be made")
    sys.exit(77)


def join():
    with open(f"{GROUP}/cgroup.procs", "w") as members:
        members.write(str(os.getpid()))


server = subprocess.Popen(
    [SERVER, "--port", "0", "--admin-port", "0", "--request-timeout", "60s", "--log-level", "error"],
    stdout=subprocess.PIPE, text=True, preexec_fn=join)
ready = server.stdout.readline()
port, admin = (int(re.search(key + r"=http://127.0.0.1:(\d+)", ready)[1]) for key in ("public", "admin"))
stop = multiprocessing.Event()
statuses = {}


def metrics():
    connection = http.client.HTTPConnection("127.0.0.1", admin, timeout=20)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            found[name.split("{")[0]] = found.get(name.split("{")[0], 0) + float(value)
    return found


def attack(requests, on_port=port, at_once=40, lasts=5.0):
    """Connections that send a request and read nothing, again and again."""
    while not stop.is_set():
        sockets = []
        for _ in range(at_once):
            try:
                client = socket.create_connection(("127.0.0.1", on_port), timeout=5)
                client.settimeout(0.2)
                sockets.append(client)
                client.sendall(requests)
            except OSError:
                pass
        stop.wait(lasts)
        for client in sockets:
            client.close()


def get(target, count=1):
    return f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode() * count


def post(target, length, body):
    return f"POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n".encode() + body


attacks = [
    (get("/demo?pattern=send&fanout=64&payload=64KiB&latency=50s"), port, 40),
    (get("/demo?pattern=send&fanout=64&payload=16MiB"), port, 10),
    (get("/demo?latency=60s"), port, 250),
    (get("/backend?latency=0&payload=16MiB"), port, 100),
    (get("/healthz", 1500), port, 40),
    (post("/echo", 1024 * 1024, b"x" * 1024 * 1024), port, 60),
    (b"PUT /mode HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\n\r\n" + b" " * 1048000, admin, 300),
    (get("/metrics", 100), admin, 20),
    (get("/debug/tasks?full=1&limit=100000"), admin, 20),
    (b"", port, 500),
]
before = metrics()
attackers = [multiprocessing.Process(target=attack, args=each, daemon=True) for each in attacks]
for attacker in attackers:
    attacker.start()

times, failures, most_in_use = [], 0, 0
until = time.monotonic() + SECONDS
connection = None
while time.monotonic() < until and server.poll() is None:
    begun = time.monotonic()
    try:
        connection = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        response.read()
        statuses[response.status] = statuses.get(response.status, 0) + 1
    except (OSError, http.client.HTTPException):
        failures += 1
        connection = None
    times.append(time.monotonic() - begun)
    time.sleep(0.01)
stop.set()
for attacker in attackers:
    attacker.join()

problems = []
try:
    if server.poll() is not None:
        problems.append(f"the server has ended with {server.returncode}")
    else:
        deadline = time.monotonic() + 30
        after = metrics()
        while after["leash_memory_in_use_bytes"] > before["leash_memory_in_use_bytes"] + 1e6 and time.monotonic() < deadline:
            time.sleep(0.2)
            after = metrics()
        times.sort()
        p99 = times[int(len(times) * 0.99)]
        print(f"{len(times)} requests of the normal client: p99 {p99 * 1000:.1f} ms, max {times[-1] * 1000:.1f} ms, "
              f"{statuses}, {failures} failed; budget {after['leash_memory_budget_bytes'] / 2**20:.0f} MiB, "
              f"resident now {after['process_resident_memory_bytes'] / 2**20:.0f} MiB")
        if p99 > 0.25:
            problems.append("p99 is above 250 ms")
        if set(statuses) != {200} or failures:
            problems.append("the normal client was refused")
        if after["leash_memory_budget_bytes"] != LIMIT * 3 // 4:
            problems.append("the budget is not three quarters of the limit")
        if after.get("leash_tasks_leaked", 0):
            problems.append("tasks are leaked")
        if after["leash_memory_in_use_bytes"] > before["leash_memory_in_use_bytes"] + 1e6:
            problems.append("memory is still in use")
        server.send_signal(signal.SIGTERM)
        if server.wait(60) != 0:
            problems.append(f"the drain ended with {server.returncode}")
finally:
    if server.poll() is None:
        server.kill()
        server.wait()
    for _ in range(50):
        try:
            os.rmdir(GROUP)
            break
        except OSError:
            time.sleep(0.1)
for problem in problems:
    print("FAILED: " + problem)
sys.exit(1 if problems else 0)
