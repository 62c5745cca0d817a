#!/usr/bin/env bash
# A source, and the test of a header, include that header first: so each build shows that it compiles alone.
# usage: own_header_first_test.sh [FOLDER]; without one, the project's
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [[ $# -eq 0 ]]; then
  # The check itself is checked.
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  mkdir -p "$folder/http" "$folder/tests/http"
  touch "$folder/http/size.hpp"
  late='#include <string>\n#include "http/size.hpp"\n'
  first='// About sizes.\n#include "http/size.hpp"\n#include <string>\n'
  for source in http/size.cpp tests/http/size_test.cpp; do
    printf '%b' "$late" >"$folder/$source"
    ! bash "$0" "$folder" 2>/dev/null || { echo "$source: a header that is not first was not found" >&2; exit 1; }
    printf '%b' "$first" >"$folder/$source"
    bash "$0" "$folder"
  done
fi

cd "${1:-.}"
sources=$(find leash http client server loadgen tests -name '*.cpp' 2>/dev/null || true) # not every folder need be there
# All of them in one process: some 300 of sed and grep take seconds.
# shellcheck disable=SC2086
exec awk '
  FNR == 1 {
    header = FILENAME
    sub(/[.]cpp$/, ".hpp", header)
    if (FILENAME ~ /^tests\// && !exists(header)) {
      sub(/^tests\//, "", header)
      sub(/_test[.]hpp$/, ".hpp", header)
    }
    if (!exists(header)) nextfile
  }
  /^#include/ {
    if (index($0, "#include \"" header "\"") != 1) {
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
