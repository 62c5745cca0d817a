#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Each example of docs/*.md that is marked (<!-- example: NAME -->) is, word by word, what stands between // [NAME] and
# // [/NAME] in a test, and so compiles and runs. Links between documents lead somewhere, and so do the lines of quoted reports.
# usage: documents_test.sh [TOP_OF_THE_REPOSITORY]
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/../..}"
failures=0
fail() {
  printf '%s\n' "$1" >&2
  failures=$((failures + 1))
}

unindented() { # without the indentation of the first line
  awk 'NR == 1 { match($0, /^ */); n = RLENGTH } { print (substr($0, 1, n) ~ /^ *$/) ? substr($0, n + 1) : $0 }'
}

mapfile -t tests < <(find tests -name "*.cpp")
examples=0
for document in docs/*.md README.md; do
  while read -r name; do
    shown=$(awk -v mark="<!-- example: $name -->" '$0 == mark { on = 1; next } on && /^```cpp$/ { code = 1; next } code && /^```$/ { exit } code' "$document")
    tested=$(awk -v name="$name" '{ line = $0; sub(/^ */, "", line) } line == "// [/" name "]" { exit } code; line == "// [" name "]" { code = 1 }' "${tests[@]}" | unindented)
    [[ -n $tested ]] || fail "$document: no test has the example $name"
    [[ $shown == "$tested" ]] || fail "$document: the example $name is not what the test has:
$(diff <(printf '%s\n' "$shown") <(printf '%s\n' "$tested") || true)"
    examples=$((examples + 1))
  done < <(sed -n 's/^<!-- example: \(.*\) -->$/\1/p' "$document")
  # Reports are quoted with lines of the patterns: where something is awaited, started or made.
  while IFS=: read -r file line; do
    [[ -e $file ]] && grep -qE 'co_await|go\(|Scope |with_(timeout|deadline|cancel)\(' < <(sed -n "${line}p" "$file") ||
      fail "$document: nothing waits or starts at $file:$line"
  done < <(grep -oE 'server/patterns/[a-z_]+\.cpp:[0-9]+' "$document" | sort -u)
  folder=$(dirname "$document")
  while read -r link; do
    [[ -e $folder/${link%%#*} ]] || fail "$document: the link to $link leads nowhere"
  done < <(grep -o '](\([^):]*\))' "$document" | sed 's/^](//; s/)$//' | grep -v '^$' || true)
done
((examples > 0)) || fail 'no example was found'
((failures == 0)) || exit 1
