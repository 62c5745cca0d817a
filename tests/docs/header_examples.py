#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Makes one source of the examples in the opening comments of headers, so that they are compiled.

usage: header_examples.py OUTPUT GIVEN HEADER...

An example is what is indented by three spaces in the opening comment. It stands in the namespace given::of_STEM, so that it sees
what GIVEN (a header) has in the namespaces given and given::of_STEM: the names that a reader takes for granted.
A header without an example is an error, but for one that GIVEN names in a line `// no example: STEM`.
"""

import re
import sys
from pathlib import Path


def example_of(header):
    """The number of its first line, and its lines."""
    first, lines = 0, []
    for number, line in enumerate(header.read_text().splitlines(), 1):
        if line.startswith(("// SPDX", "#pragma once")):
            continue
        if not line.startswith("//"):
            break
        if re.match("//   [^ ]", line) or (lines and line.startswith("//   ")):
            first = first or number
            lines.append(line[5:])
        elif lines:
            lines.append("")
    return first, lines


def code_of(line):
    """The line as code: an ellipsis is nothing, and an expression that is shown with its value is a statement."""
    if re.match(r"\s*\.\.\.$", line):
        return ""
    line = re.sub(r" (\.\.\.|…)(?=\s*(//|$))", " ;", line)
    line = line.replace("{…}", "{}").replace(", …", "")
    return re.sub(r"^((?!.*\b(?:if|for|while|switch)\b).*\))(\s*//.*)?$", r"\1;\2", line)


def function_of(code, number):
    """The example as it is if it defines functions, else as the body of one."""
    text = "\n".join(code)
    stripped = re.sub(r"//.*", "", text)
    if re.search(r"^(int main|leash::Task<.*> \w+)\(.*\{", text, re.M):
        return "", ""
    if "co_await" in stripped or "co_return" in stripped:
        result = "leash::Task<>" if "co_return;" in stripped or "co_return" not in stripped else "leash::Task<given::Any>"
    else:
        result = "given::Any" if re.search(r"\breturn [^;]", stripped) else "void"
    return f"[[maybe_unused]] {result} example_{number}() {{", "}"


def main(output, given, headers):
    without = set(re.findall(r"^// no example: (\w+)", Path(given).read_text(), re.M))
    headers = [header for header in map(Path, headers) if header.stem not in without]
    parts = [f'#include "{given}"\n'] + [f'#include "{header}"\n' for header in headers]
    for number, header in enumerate(headers, 1):
        first, lines = example_of(header)
        if not lines:
            sys.exit(f"{header}: the opening comment has no example")
        code = [code_of(line) for line in lines]
        begin, end = function_of(code, number)
        parts.append(f'namespace given::of_{header.stem} {{\n{begin}\n#line {first} "{header}"\n' + "\n".join(code) + f"\n{end}\n}}\n")
    Path(output).write_text("\n".join(parts))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
