# SPDX-License-Identifier: BSL-1.0
"""Python's http.client: one connection for all requests, bodies with a length and in chunks.

usage: http_client.py PUBLIC_URL
"""

import http.client
import json
import os
import sys
import urllib.parse

connection = http.client.HTTPConnection(urllib.parse.urlsplit(sys.argv[1]).netloc, timeout=30)


def ask(method, path, body=None, **options):
    connection.request(method, path, body, **options)
    response = connection.getresponse()
    answer = response.read()
    assert response.status == 200, (response.status, answer)
    assert response.version == 11 and not response.will_close, response.getheaders()
    return answer


for number in range(100):
    reply = json.loads(ask("GET", f"/demo?latency=1ms&pattern=send&fanout={number % 5 + 1}"))
    assert reply["started"] == number % 5 + 1 and reply["left"] == 0, reply
body = os.urandom(100_000)
for _ in range(50):
    assert ask("POST", "/echo", body) == body
    pieces = (body[at : at + 7000] for at in range(0, len(body), 7000))
    assert ask("POST", "/echo", pieces, encode_chunked=True, headers={"Transfer-Encoding": "chunked"}) == body
assert ask("HEAD", "/demo") == b""
assert json.loads(ask("GET", "/demo?pattern=wait_group"))["pattern"] == "wait_group"
connection.close()
