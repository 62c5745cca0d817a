#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The blocks of README.md marked <!-- run --> do what they say: each command, pasted in order into one shell beside a server in
leaky mode, prints what stands below it. Numbers may differ; so may ports, which are free ones here.

usage: readme_test.py BINARIES
"""
import pathlib
import re
import subprocess
import sys

root = pathlib.Path(__file__).resolve().parents[2]
binaries = sys.argv[1]


def blocks():
    text = (root / "README.md").read_text(encoding="utf-8")
    found = re.findall(r"^<!-- run -->\n```console\n(.*?)^```$", text, re.M | re.S)
    if not found:
        sys.exit("FAILED: README.md has no block to run")
    return found


def steps(block):
    """Pairs of a command and what is expected of it."""
    for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
        command, _, expected = part.partition("\n")
        yield command, expected


def without_numbers(text):
    return re.sub(r"\d+(\.\d+)?", "N", text).strip()


server = subprocess.Popen([f"{binaries}/leash-server", "--mode", "leaky", "--port", "0", "--admin-port", "0", "--threads", "1"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
failures = 0
try:
    ready = re.search(r"public=http://(\S+) admin=http://(\S+)", server.stdout.readline())
    for block in blocks():
        for command, expected in steps(block):
            here = command + (f" --admin http://{ready[2]}" if "leash-client" in command else "")
            here = here.replace("build/bin", binaries).replace("127.0.0.1:8080", ready[1]).replace("127.0.0.1:8081", ready[2])
            if "leash-load" in here:
                here = here.replace(" run ", f" run --metrics http://{ready[2]}/metrics ")
            ran = subprocess.run(["bash", "-c", here], cwd=root, capture_output=True, text=True, timeout=60)
            if without_numbers(ran.stdout) != without_numbers(expected):
                failures += 1
                print(f"FAILED: {command}\nexpected:\n{expected}printed:\n{ran.stdout}{ran.stderr}", file=sys.stderr)
finally:
    server.terminate()
    server.wait(30)
sys.exit(failures != 0)
