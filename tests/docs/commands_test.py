#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Runs the blocks of a document that are marked <!-- run -->: each command, pasted in order into one shell beside a server in
leaky mode, prints what the document shows below it. Numbers may differ. Ports may differ, too: the test uses free ones.

usage: commands_test.py BUILD_FOLDER DOCUMENT
"""
import os
import pathlib
import re
import subprocess
import sys

root = pathlib.Path(__file__).resolve().parents[2]
build = sys.argv[1]
document = root / sys.argv[2]


def blocks():
    found = re.findall(r"^<!-- run -->\n```console\n(.*?)^```$", document.read_text(encoding="utf-8"), re.M | re.S)
    if not found:
        sys.exit(f"FAILED: {document} has no block to run")
    return found


def steps(block):
    """Pairs of a command and its expected output."""
    for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
        command, _, expected = part.partition("\n")
        yield command, expected


def without_numbers(text):
    return re.sub(r"[0-9a-f]{32}|\d+(\.\d+)?", "N", text).strip()  # the trace of a request is random, too


server = subprocess.Popen([f"{build}/bin/leash-server", "--mode", "leaky", "--port", "0", "--admin-port", "0", "--threads", "1"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
failures = 0
try:
    ready = re.search(r"public=http://(\S+) admin=http://(\S+)", server.stdout.readline())
    environment = os.environ | {"LC_ALL": "C", "LEASH_ADMIN": f"http://{ready[2]}"}
    for block in blocks():
        for command, expected in steps(block):
            here = re.sub(r"\bbuild/", f"{build}/", command)
            here = here.replace("127.0.0.1:8080", ready[1]).replace("127.0.0.1:8081", ready[2])
            if "leash-load" in here:
                here = here.replace(" run ", f" run --metrics http://{ready[2]}/metrics ")
            ran = subprocess.run(["bash", "-c", here], cwd=root, env=environment, capture_output=True, text=True, timeout=60)
            if without_numbers(ran.stdout) != without_numbers(expected):
                failures += 1
                print(f"FAILED: {command}\nexpected:\n{expected}printed:\n{ran.stdout}{ran.stderr}", file=sys.stderr)
finally:
    server.terminate()
    server.wait(30)
sys.exit(failures != 0)
