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
bad=0
while read -r source; do
  header=${source%.cpp}.hpp
  [[ $source != tests/* || -e $header ]] || header=$(sed 's|^tests/||; s|_test\.cpp$|.hpp|' <<<"$source")
  [[ -e $header ]] || continue
  if [[ $(grep -m1 '^#include' "$source") != "#include \"$header\""* ]]; then
    echo "$source: does not include $header first" >&2
    bad=1
  fi
done < <(find leash http client server loadgen tests -name '*.cpp' 2>/dev/null)
exit "$bad"
