#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSL-1.0
"""A program of 30 lines without a line of leash (tests/inspector/programs/waits.cpp), stripped, in five views: the live
page in a browser, a real Prometheus, `go tool pprof`, `leash-client ps` of the process, and of its core. All have the
same number of coroutines. A view whose tool is missing is left out (scripts/bootstrap --browser --peers).

usage: five_views_test.py PROGRAM LEASH_CLIENT
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

from browser import Page, check, eventually

EXPECTED = 12


class Program:
    def __init__(self, binary, folder):
        self.name = os.path.basename(binary)
        stripped = os.path.join(folder, self.name)
        subprocess.run(["strip", "-o", stripped, binary], check=True)
        environment = {key: value for key, value in os.environ.items() if key != "LEASH_ADMIN_TOKEN"}
        self.process = subprocess.Popen([stripped], env={**environment, "LEASH_INSPECT": "127.0.0.1:0"},
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        check("the program says that it is ready", self.process.stdout.readline() == "ready\n")
        self.url = self.process.stderr.readline().split()[-1]

    def end(self):
        self.process.kill()
        self.process.wait()


def on_the_page(program):
    page = Page(program.url)
    try:
        eventually("the page has the coroutines", lambda: page.text("#coroutines .summary") == f"{EXPECTED} at 2 places")
        eventually("its curve ends there", lambda: page.figure("Live coroutines") == str(EXPECTED))
        listed = page.text("#coroutines")
        check(f"it names where eleven of them wait: {listed}",
              re.search(r"^11\s+spawned\s+read\s", listed, re.M) and "tests/inspector/programs/waits.cpp:" in listed)
        check("the stack of an example is open", "receive" in page.text("#coroutines pre"))
        check("there are no leaked tasks", page.text("#leaks .summary") == "none")
        check("it has the program's name", page.driver.title == program.name)
        for scheme in ("light", "dark"):
            page.prefers(scheme)
            page.picture(f"program-{scheme}")
            check(f"its texts can be read ({scheme}): {page.low_contrast()}", not page.low_contrast())
            check(f"it fits into 420 pixels: {page.too_wide(420)}", not page.too_wide(420))
            page.picture(f"program-{scheme}-420")
            page.any_width()
        check(f"the browser has nothing to complain of: {page.complaints()}", not page.complaints())
        return int(page.figure("Live coroutines"))
    finally:
        page.close()


def in_prometheus(program, folder):
    if not shutil.which("prometheus"):
        return None
    with open(os.path.join(folder, "prometheus.yml"), "w") as settings:
        settings.write("global: {scrape_interval: 250ms, scrape_timeout: 250ms}\n"
                       "scrape_configs: [{job_name: waits, static_configs: [{targets: ['%s']}]}]\n"
                       % program.url.removeprefix("http://"))
    log_name = os.path.join(folder, "prometheus.log")
    with open(log_name, "w") as log:
        prometheus = subprocess.Popen(
            ["prometheus", "--config.file=" + settings.name, "--storage.tsdb.path=" + os.path.join(folder, "data"),
             "--web.listen-address=127.0.0.1:0"], stdout=log, stderr=log)

    def address():
        with open(log_name) as log:
            text = log.read()
        return "ready to receive web requests" in text and re.search(r'"Listening on".* address=(\S+)', text)

    def answer():
        query = urllib.parse.urlencode({"query": 'sum(leash_tasks_live{kind="coroutine"})'})
        with urllib.request.urlopen(f"http://{where}/api/v1/query?{query}", timeout=10) as reply:
            result = json.load(reply)["data"]["result"]
        return result and int(result[0]["value"][1])
    try:
        where = eventually("Prometheus is ready", address)[1]
        return eventually("Prometheus has scraped", answer)
    finally:
        prometheus.kill()
        prometheus.wait()


def in_pprof(program, folder):
    if not shutil.which("go"):
        return None
    top = subprocess.run(["go", "tool", "pprof", "-top", program.url + "/debug/pprof/tasks"], check=True, text=True,
                         capture_output=True, env={**os.environ, "HOME": folder, "PPROF_TMPDIR": folder}).stdout
    return int(re.search(r"accounting for \d+, 100% of (\d+) total", top)[1])


def from_outside(client, target):
    listing = subprocess.run([client, "ps", "--json", target], check=True, text=True, capture_output=True).stdout
    return json.loads(listing)["live_coroutines"]


def from_its_core(client, program, folder):
    if not shutil.which("gcore"):
        return None
    core = os.path.join(folder, "core")
    taken = subprocess.run(["gcore", "-o", core, str(program.process.pid)], text=True, capture_output=True)
    if "ptrace: Operation not permitted" in taken.stdout + taken.stderr:
        return None
    return from_outside(client, f"{core}.{program.process.pid}")


def main():
    binary, client = sys.argv[1:]
    folder = tempfile.mkdtemp()
    program = None
    try:
        program = Program(binary, folder)
        views = {
            "page": on_the_page(program),
            "Prometheus": in_prometheus(program, folder),
            "go tool pprof": in_pprof(program, folder),
            "ps": from_outside(client, str(program.process.pid)),
            "ps of a core": from_its_core(client, program, folder),
        }
        print(views)
        check(f"all views agree: {views}", set(views.values()) - {None} == {EXPECTED})
    finally:
        if program:
            program.end()
        shutil.rmtree(folder, ignore_errors=True)


main()
