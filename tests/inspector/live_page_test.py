#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSL-1.0
"""The live page in a real browser: load in leaky mode makes the curve rise, the switch to fixed makes it flat,
reap makes it fall to zero.

usage: live_page_test.py PATH_OF_LEASH_SERVER
"""

import http.client
import json
import re
import subprocess
import sys
import threading

from browser import By, Page, check, eventually


class Server:
    def __init__(self, binary, *more, admin=0):
        self.process = subprocess.Popen(
            [binary, "--port", "0", "--admin-port", str(admin), "--mode", "leaky", "--leak-payload", "4KiB",
             *more],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        ready = self.process.stdout.readline()
        self.port, self.admin = (int(port) for port in re.findall(r":(\d+)", ready))


class Load(threading.Thread):
    """Some forty requests a second, two minutes at most, until it is told to stop."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.stopped = port, threading.Event()

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        for _ in range(5000):
            if self.stopped.wait(0.025):
                break
            connection.request("GET", "/demo?pattern=send&latency=0")
            connection.getresponse().read()
        connection.close()


def keeps_what_is_selected(page):
    page.driver.execute_script("getSelection().selectAllChildren(document.querySelector('#leaks pre'))")
    selected = page.driver.execute_script("return String(getSelection())")
    polls = len(page.values("time"))
    eventually("three more polls", lambda: len(page.values("time")) >= polls + 3)
    check("the selection survives them", page.driver.execute_script("return String(getSelection())") == selected)
    page.driver.execute_script("getSelection().removeAllRanges()")


def scenario(server, page):
    load = Load(server.port)
    load.start()

    eventually("the leaked curve rises", lambda: sum(b > a for a, b in zip(
        page.values("tasks_leaked"), page.values("tasks_leaked")[1:])) >= 4)
    eventually("the table names the site", lambda: "server/patterns/send.cpp:" in page.text("#leaks"))
    check("it names the wait point", "chan send" in page.text("#leaks"))
    check("it has the trace of an example", "replica_leaky" in page.text("#leaks pre"))
    eventually("it shows the line that starts it", lambda: "leash::go(" in page.text("#leaks .source"))
    check("it shows the line of the leaky version", "answers.send(held.read())" in page.text("#leaks .source"))
    check("it shows the lines of the cure", "Scope s(demo.ctx)" in page.text("#leaks .source"))
    check("leaky is the mode shown", page.attribute("[data-mode=leaky]", "aria-pressed") == "true")
    check("requests are counted", page.figure("Requests per second") not in ("0", "…"))
    page.picture("leaky")
    check(f"it fits into 420 pixels: {page.too_wide(420)}", not page.too_wide(420))
    page.picture("leaky-420")
    page.any_width()
    for scheme in ("dark", "light"):
        page.prefers(scheme)
        check(f"its texts can be read ({scheme}): {page.low_contrast()}", not page.low_contrast())

    eventually("contexts are shown by the line that made them", lambda: ".cpp:" in page.text("#contexts table"))
    keeps_what_is_selected(page)

    page.click("[data-mode=fixed]")
    eventually("fixed is the mode shown", lambda: page.attribute("[data-mode=fixed]", "aria-pressed") == "true")

    def flat():
        leaked, requests = page.values("tasks_leaked"), page.values("requests")
        return len(leaked) > 4 and len(set(leaked[-4:])) == 1 and requests[-1] > requests[-4]
    eventually("the leaked curve is flat under load", flat)
    check("what has leaked stays", page.values("tasks_leaked")[-1] > 0)
    page.picture("fixed")

    page.click("#reap")
    alert = page.driver.switch_to.alert
    check("it asks first", "by force" in alert.text)
    alert.dismiss()
    check("then nothing is reaped", page.text("#outcome") == "The mode is fixed." and page.values("tasks_leaked")[-1] > 0)
    page.click("#reap")
    page.driver.switch_to.alert.accept()
    eventually("it says what was reaped", lambda: page.text("#outcome").startswith("Reaped "))
    eventually("the leaked curve falls to zero", lambda: page.values("tasks_leaked")[-1] == 0)
    eventually("the table is empty", lambda: page.text("#leaks .summary") == "none")
    check("there is nothing left to reap", page.attribute("#reap", "disabled") is not None)
    page.picture("reaped")

    errors = page.complaints()
    check(f"the browser has nothing to complain of: {errors}", not errors)

    load.stopped.set()
    load.join()
    server.process.terminate()
    check("the server says that tasks had leaked", server.process.wait(30) == 3)
    eventually("the page says that nobody answers", lambda: "No metrics" in page.text("#warning"))
    page.picture("gone")


def restarted_while_hidden(binary, page):
    """Its own history is all that is shown, although the page has seen as many samples of the one before."""
    before = Server(binary)
    after = None
    try:
        page.driver.get(f"http://127.0.0.1:{before.admin}/")
        eventually("there are two samples", lambda: len(page.values("time")) >= 2)
        page.driver.execute_script("Object.defineProperty(document, 'hidden', {configurable: true, get: () => true})")
        eventually("it asks no more", lambda: not page.driver.execute_script("return busy"))
        seen = page.driver.execute_script("return newest")
        before.process.kill()
        before.process.wait()
        after = Server(binary, admin=before.admin)

        def history():
            connection = http.client.HTTPConnection("127.0.0.1", after.admin)
            connection.request("GET", "/debug/history")
            return json.loads(connection.getresponse().read())
        eventually("the new one has more samples", lambda: history()["id"] > seen + 1)
        page.driver.execute_script("delete document.hidden")
        first = history()["samples"]["time"][0]
        eventually("the page shows the first of them", lambda: page.values("time")[:1] == [first], 10)
    finally:
        for each in (before, after):
            if each:
                each.process.kill()
                each.process.wait()


def with_a_token(page):
    eventually("the page asks for the token", lambda: page.driver.find_element(By.ID, "ask-token").is_displayed())
    page.picture("token")
    page.driver.find_element(By.ID, "token").send_keys("s3cret\n")
    eventually("then it has figures", lambda: len(page.values("time")) > 0)
    check("and asks no more", not page.driver.find_element(By.ID, "ask-token").is_displayed())
    page.click("footer a[href^='/debug/tree']")
    eventually("a link carries the token", lambda: page.text("#shown pre").startswith("loop "))
    page.click("#shown button")
    page.click("[data-mode=fixed]")
    eventually("and may act", lambda: page.text("#outcome") == "The mode is fixed.")


def main():
    server = Server(sys.argv[1])
    guarded = Server(sys.argv[1], "--admin-token", "s3cret")
    page = None
    try:
        page = Page(f"http://127.0.0.1:{server.admin}/")
        scenario(server, page)
        restarted_while_hidden(sys.argv[1], page)
        page.driver.get(f"http://127.0.0.1:{guarded.admin}/")
        with_a_token(page)
        print("the curve rose, was flat, and fell to zero")
    finally:
        if page:
            page.close()
        for each in (server, guarded):
            each.process.kill()
            each.process.wait()


main()
