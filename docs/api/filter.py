#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Gives doxygen the comment at the top of a public header as paragraphs and an example; the rest stays as it is.

usage: filter.py FOLDER HEADER...; what doxygen reads goes to FOLDER, named as the header is included."""
import pathlib
import re
import sys

# Doxygen does not know the template that these specialize.
SPECIALIZATION = r"(?ms)^template <[^\n]*>\n(?:requires[^\n]*\n)?(?:struct|class) (?:leash::)?asio::async_result.*?^};$"


def filtered(text):
    out, inside, code = [], False, False
    for line in text.split("\n"):
        if line == "#pragma once":
            inside = True
            out += [line, "/// \\file"]
            continue
        if inside and not line.startswith("//"):
            inside = False
            if code:
                out[-1] += "\n/// \\endcode"
        if inside:
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
    return re.sub(SPECIALIZATION, "", "\n".join(out))


folder = pathlib.Path(sys.argv[1])
for name in sys.argv[2:]:
    copy = folder / name.split("include/", 1)[1]
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_text(filtered(pathlib.Path(name).read_text(encoding="utf-8")), encoding="utf-8")
