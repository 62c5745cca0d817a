#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# The README of a folder names each stem of the folder, so that a reader finds every file.
# usage: readmes_test.sh [FOLDER]; without one, the project's
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [[ $# -eq 0 ]]; then
  # The check itself is checked.
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  mkdir -p "$scratch/units"
  touch "$scratch/units/size.hpp" "$scratch/units/weight.cpp"
  printf '| `size` | a size |\n' >"$scratch/units/README.md"
  if bash "$0" "$scratch" 2>"$scratch/said" || ! grep -q 'units/README.md does not name weight' "$scratch/said"; then
    cat "$scratch/said" >&2
    echo 'a missing name was not found' >&2
    exit 1
  fi
fi

cd "${1:-.}"
failed=0
while read -r file; do
  folder=$(dirname "$file")
  until [[ -e $folder/README.md ]]; do folder=$(dirname "$folder"); done
  stem=$(basename "${file%.*}")
  grep -qE "[\`/]$stem(\.[a-z]+)?\`" "$folder/README.md" || { echo "$folder/README.md does not name $stem" >&2; failed=1; }
done < <(for folder in leash/include http client inspector server loadgen cli units process; do
  [[ ! -d $folder ]] || find "$folder" \( -name '*.hpp' -o -name '*.cpp' \) -not -path '*/detail/*'
done | sort)
exit "$failed"
