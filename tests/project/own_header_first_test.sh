#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# A source, and the test of a header, include that header first: so each build shows that it compiles alone.
# A header of the library is leash/include/leash/NAME.hpp (or detail/ beneath it), its source leash/src/CONCEPT/NAME.cpp,
# its test tests/leash/CONCEPT/NAME_test.cpp. Elsewhere all three have the same folder.
# usage: own_header_first_test.sh [FOLDER]; without one, the project's
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [[ $# -eq 0 ]]; then
  # The check itself is checked.
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  try() { # try HEADER-AS-INCLUDED SOURCE
    mkdir -p "$(dirname "$folder/$2")"
    printf '#include <string>\n#include "%s"\n' "$1" >"$folder/$2"
    ! bash "$0" "$folder" 2>/dev/null || { echo "$2: a header that is not first was not found" >&2; exit 1; }
    printf '// About it.\n#include "%s"\n#include <string>\n' "$1" >"$folder/$2"
    bash "$0" "$folder"
  }
  mkdir -p "$folder/units" "$folder/leash/include/leash/detail"
  touch "$folder/units/size.hpp" "$folder/leash/include/leash/sleep.hpp" "$folder/leash/include/leash/detail/pool.hpp"
  try units/size.hpp units/size.cpp
  try units/size.hpp tests/units/size_test.cpp
  try leash/sleep.hpp leash/src/wait/sleep.cpp
  try leash/sleep.hpp tests/leash/wait/sleep_test.cpp
  try leash/detail/pool.hpp leash/src/task/pool.cpp
fi

cd "${1:-.}"
sources=$(find . -name '*.cpp' -not -path './build/*' -not -path './.git/*' \
  -not -path './examples/*' -not -path './tests/project/consumers/*' | sed 's,^\./,,')
# All of them in one process: some 300 of sed and grep take seconds.
# shellcheck disable=SC2086
exec awk '
  FNR == 1 {
    path = FILENAME
    test = sub(/^tests\//, "", path)
    if (test) sub(/_test[.]cpp$/, ".cpp", path)
    sub(/[.]cpp$/, ".hpp", path)
    stem = path
    sub(/.*\//, "", stem)
    header = ""
    if (exists(path)) header = path
    if (path ~ /^leash\//) {
      if (exists("leash/include/leash/" stem)) header = "leash/" stem
      else if (exists("leash/include/leash/detail/" stem)) header = "leash/detail/" stem
    }
    if (test && exists("tests/" path)) header = "tests/" path
    if (header == "") nextfile
  }
  /^#include/ {
    # Private headers of the library are included by their place beside the source: it is built from its folder alone, too.
    if (index($0, "#include \"" header "\"") != 1 && !(path ~ /^leash\// && !test && index($0, "#include \"" stem "\"") == 1)) {
      print FILENAME ": does not include " header " first" >"/dev/stderr"
      bad = 1
    }
    nextfile
  }
  function exists(name,  line, found) {
    found = (getline line <name) >= 0
    close(name)
    return found
  }
  END { exit bad }' $sources
