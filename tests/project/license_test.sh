#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Each source begins with its license: on the first line, or on the second where the first is #! or <!doctype.
# usage: license_test.sh [FILE...]; without files, all of the project's
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# No process is started per file: there are a thousand of them.
check() { # check FILE
  local first='' second='' line
  { IFS= read -r first; IFS= read -r second; } <"$1" || true
  case $1 in
    *.cpp | *.hpp | *.cmake | *.cmake.in | *CMakeLists.txt | *.sh | *.py | *.pl | *.go | *.ts | *.mjs | *.html) ;;
    *) [[ $first == '#!'* ]] || return 0 ;;
  esac
  line=$first
  [[ $first != '#!'* && $first != '<!doctype'* ]] || line=$second
  [[ $line =~ ^(//|#|'<!--')' SPDX-License-Identifier: BSL-1.0'(' -->')?$ ]]
}

if [[ $# -eq 0 ]]; then
  # The check itself is checked.
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  line='SPDX-License-Identifier: BSL-1.0'
  printf '%s\n' "// $line" '#pragma once' >"$folder/good.hpp"
  printf '%s\n' '#!/bin/sh' "# $line" >"$folder/good"
  printf '%s\n' '<!doctype html>' "<!-- $line -->" >"$folder/good.html"
  printf '%s\n' '#pragma once' "// $line" >"$folder/late.hpp"
  printf '%s\n' '#!/bin/sh' 'true' >"$folder/none"
  printf '%s\n' "// ${line%-*}" >"$folder/other.cpp"
  for good in "$folder"/good*; do bash "$0" "$good" || { echo "refused: $good" >&2; exit 1; }; done
  for bad in "$folder"/{late.hpp,none,other.cpp}; do
    ! bash "$0" "$bad" 2>/dev/null || { echo "not found: $bad" >&2; exit 1; }
  done
  mapfile -t files < <(git ls-files)
else
  files=("$@")
fi

failures=0
for file in "${files[@]}"; do
  [[ -f $file ]] || continue # deleted, and not committed yet
  check "$file" || { echo "$file: does not begin with 'SPDX-License-Identifier: BSL-1.0' as a comment" >&2; failures=$((failures + 1)); }
done
[[ $failures -eq 0 ]]
