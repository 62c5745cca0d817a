# SPDX-License-Identifier: BSL-1.0
"""Starts the servers that bench/server and bench/connections compare, and measures their CPU time under wrk."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "build/bench/server"
TICKS = os.sysconf("SC_CLK_TCK")
NAME = pathlib.Path(sys.argv[0]).name

NGINX = """daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
error_log stderr;
pid {out}/nginx.pid;
events {{ worker_connections 10000; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {out}; proxy_temp_path {out}; fastcgi_temp_path {out}; uwsgi_temp_path {out}; scgi_temp_path {out};
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location = /healthz {{ default_type application/json; return 200 '{{"status":"alive"}}\\n'; }}
  }}
}}
"""

# Makes wrk send 16 requests at once; without it, wrk sends one at a time.
PIPELINE = """init = function(args)
  local all = {}
  for i = 1, 16 do all[i] = wrk.format() end
  together = table.concat(all)
end
request = function() return together end
"""


def refuse(what):
    print(f"{NAME}: {what} (bench/{NAME} --help)", file=sys.stderr)
    sys.exit(2)


def fail(what):
    sys.exit(f"{NAME}: {what}")


def find_go():
    for candidate in (os.environ.get("LEASH_GO"), "/usr/lib/go-1.27/bin/go", shutil.which("go")):
        if candidate and os.access(candidate, os.X_OK):
            return candidate
    return None


def go_version():
    go = find_go()
    return subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=True).stdout.strip() if go else "no Go"


class Server:
    """A running server; `who` is its name in the table."""

    def __init__(self, who, command, **extra):
        self.who = who
        with (OUT / f"{who}.log").open("w") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, **extra)

    def read_address(self):
        ready = self.process.stdout.readline()
        if "public=" not in ready:
            fail(f"{self.who} did not start; see {OUT}")
        self.address = ready.split("public=")[1].split()[0]
        return self

    def wait_until_it_listens(self, port):
        self.address = f"http://127.0.0.1:{port}"
        while self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return self
            except ConnectionRefusedError:
                pass
        fail(f"{self.who} ended; see {OUT}")

    def family(self):
        pid = self.process.pid
        return [str(pid)] + pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()

    def cpu(self):
        """User and system time, in seconds, of the process and of its children."""
        user = system = 0
        for one in self.family():
            fields = pathlib.Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
            user += int(fields[11])
            system += int(fields[12])
        return user / TICKS, system / TICKS

    def resident_bytes(self):
        return 1024 * sum(int(line.split()[1]) for one in self.family()
                          for line in pathlib.Path(f"/proc/{one}/status").read_text().splitlines() if line.startswith("VmRSS:"))

    def measure(self, target, seconds, connections=16, threads=1, pipelined=False):
        """Microseconds of CPU time per request, all and in user mode, under the load of wrk."""
        command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s"] + (["-s", OUT / "pipeline.lua"] if pipelined else [])
        user, system = self.cpu()
        done = subprocess.run([*command, self.address + target], capture_output=True, text=True, check=True)
        if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
            fail(f"{self.who}: not every request was answered with 200:\n{done.stdout}")
        requests = next(int(line.split()[0]) for line in done.stdout.splitlines() if " requests in " in line)
        user, system = (now - before for now, before in zip(self.cpu(), (user, system)))
        return 1e6 * (user + system) / requests, 1e6 * user / requests


def start_leash(threads=1):
    binary = pathlib.Path(os.environ.get("LEASH_BIN", ROOT / "build/bin")) / "leash-server"
    if not binary.exists():
        fail(f"{binary} is missing: cmake --preset release && cmake --build --preset release")
    who = "leash" if threads == 1 else f"leash, {threads} threads"
    return Server(who, [binary, "--port", "0", "--admin-port", "0", "--threads", str(threads), "--leak-payload", "4096"]).read_address()


def start_nginx():
    nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if not nginx:
        return None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (OUT / "nginx.conf").write_text(NGINX.format(out=OUT, port=port))
    return Server("nginx", [nginx, "-e", "stderr", "-p", OUT, "-c", OUT / "nginx.conf"]).wait_until_it_listens(port)


def start_go():
    go = find_go()
    if not go:
        return None
    binary = OUT / "go-service"
    environment = os.environ | {"GOTOOLCHAIN": "local", "GOPROXY": "off", "GOCACHE": str(OUT.parent / "go-cache"), "GOMAXPROCS": "1"}
    subprocess.run([go, "build", "-o", binary, "./service"], cwd=ROOT / "bench/go", env=environment, check=True)
    return Server("go", [binary], env=environment).read_address()


def start_epoll():
    binary = ROOT / "build/bench/epoll-service"
    if not binary.exists():
        return None
    return Server("epoll", [binary]).read_address()


class Servers(dict):
    """The servers that are installed, by name. They run until the end of the `with` block."""

    def __init__(self, *begin):
        super().__init__()
        self.begin = begin

    def __enter__(self):
        if not shutil.which("wrk"):
            fail("wrk is missing (apt-get install wrk)")
        OUT.mkdir(parents=True, exist_ok=True)
        (OUT / "pipeline.lua").write_text(PIPELINE)
        try:
            for start in self.begin:
                started = start()
                if started:
                    self[started.who] = started
                else:
                    print(f"{NAME}: {start.__name__.removeprefix('start_')} is missing and is skipped")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for server in self.values():
            server.process.send_signal(signal.SIGTERM)
        for server in self.values():
            server.process.wait(timeout=30)
