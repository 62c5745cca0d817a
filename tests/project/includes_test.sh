#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# What is in detail/ may change at any time: only the library itself includes it, and tests and benchmarks of what is in
# it. leash/leash.hpp has each header of the library, but for the adapters.
# usage: includes_test.sh [FOLDER]; without one, the project's
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [[ $# -eq 0 ]]; then
  # The check itself is checked.
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  mkdir -p "$folder/http" "$folder/leash/include/leash/detail"
  printf '#include "leash/sleep.hpp"\n' >"$folder/leash/include/leash/leash.hpp"
  touch "$folder/leash/include/leash/sleep.hpp"
  bash "$0" "$folder"
  fails() { ! bash "$0" "$folder" 2>/dev/null || { echo "$1 was not found" >&2; exit 1; }; }
  printf '#include "leash/detail/list.hpp"\n' >"$folder/http/route.cpp"
  fails 'an include of detail/'
  rm "$folder/http/route.cpp"
  touch "$folder/leash/include/leash/ticker.hpp"
  fails 'a header that leash.hpp lacks'
fi

cd "${1:-.}"
bad=0
if grep -rn --include='*.[ch]pp' --exclude-dir=build --exclude-dir=.git '#include ["<]leash/detail/' . |
  grep -vE '^\./(leash|tests/leash|bench)/' >&2; then
  echo 'leash/detail/ is for the library alone' >&2
  bad=1
fi
for header in leash/include/leash/*.hpp; do
  name=${header##*/}
  case $name in leash.hpp | awaitables.hpp | boost_awaitables.hpp | boost_co_spawn.hpp | every_step.hpp | gtest.hpp | json.hpp | prometheus.hpp | families.hpp | heap.hpp) continue ;; esac
  grep -qx "#include \"leash/$name\"" leash/include/leash/leash.hpp ||
    { echo "leash/leash.hpp does not include leash/$name" >&2; bad=1; }
done
exit $bad
