#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Gives doxygen the comment at the top of a public header as paragraphs and an example; the rest stays as it is."""
import re
import sys

lines = open(sys.argv[1], encoding="utf-8").read().split("\n")
out, inside, code = [], False, False
for line in lines:
    if line == "#pragma once":
        inside = True
        out += [line, "/// \\file"]
        continue
    if inside and not line.startswith("//"):
        inside = False
        if code:
            out[-1] += "\n/// \\endcode"
    if inside:
        text = line[2:]
        if re.match(r"   ?\S", text) and not text.startswith("  "):
            text = text[1:]
        title = re.match(r" ?(What it is|Requires|Guarantees|Errors|Threads|Lifetime|Misuse|Cost|Source)\s{2,}(.*)", line[2:])
        if line.startswith("//   ") and not code and out[-1] in ("///", "/// \\file"):
            code = True
            out[-1] += "\n/// \\code{.cpp}"
        if code:
            out.append("///" + line[2:])
        elif title:
            out += ["///", f"/// \\par {title[1]}", f"/// {title[2]}"]
        else:
            out.append("/// " + line[2:].strip() if line[2:].strip() else "///")
        continue
    out.append(line)
# Doxygen does not know the template that these specialize.
specialization = r"(?ms)^template <[^\n]*>\n(?:requires[^\n]*\n)?(?:struct|class) asio::async_result.*?^};$"
sys.stdout.write(re.sub(specialization, "", "\n".join(out)))
