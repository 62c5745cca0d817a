#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Which folder may include which (itself always), and how many stems a folder has at most.
# usage: folders_test.sh [FOLDER]; without one, the project's
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [[ $# -eq 0 ]]; then
  # The check itself is checked.
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  try() { # try FILE INCLUDE…
    mkdir -p "$folder/$(dirname "$1")"
    printf '#include "%s"\n' "${@:2}" >"$folder/$1"
  }
  finds() { # finds TEXT
    bash "$0" "$folder" 2>"$folder/said" && { echo "not found: $1" >&2; exit 1; }
    grep -q "$1" "$folder/said" || { cat "$folder/said" >&2; exit 1; }
  }
  try http/server/worker.cpp http/server/worker.hpp http/message/limits.hpp leash/loop.hpp
  bash "$0" "$folder"
  try http/server/worker.hpp server/options.hpp
  finds 'http/server/worker.hpp: http/server may not include server'
  rm "$folder/http/server/worker.hpp"
  try loadgen/report/chart.cpp units/size.hpp server/mode.hpp
  finds 'loadgen/report may not include server'
  rm "$folder/loadgen/report/chart.cpp"
  try nowhere/new.cpp units/size.hpp
  finds 'nowhere/new.cpp: no rule'
  rm "$folder/nowhere/new.cpp"
  for stem in {1..18}; do try "units/$stem.hpp" units/size.hpp; done
  finds 'units: 18 stems'
fi

cd "${1:-.}"
sources=$(find . \( -name '*.cpp' -o -name '*.hpp' \) -not -path './build*/*' -not -path './.git/*' \
  -not -path './tests/*' -not -path './bench/*' -not -path './examples/*' -not -path './cmake/*' | sed 's,^\./,,')
# shellcheck disable=SC2086
exec awk -v most=17 '
  BEGIN {
    rule("leash", "")
    rule("units", "")
    rule("process", "")
    rule("cli", "leash units")
    rule("http/message", "leash units")
    rule("http/transport", "")
    rule("http/server", "http/message http/transport leash units")
    rule("client", "http/message http/transport leash units")
    rule("client/command", "cli client http/message leash units")
    rule("inspector/profile", "leash units")
    rule("inspector", "inspector/profile http/message http/server leash process units")
    rule("server/patterns", "client http/message leash units")
    rule("server", "server/patterns cli client http/message http/server inspector leash process units")
    rule("loadgen/report", "loadgen cli http/message units")
    rule("loadgen/traffic", "loadgen loadgen/report client http/message leash units")
    rule("loadgen", "loadgen/report loadgen/traffic cli client http/message leash process units")
  }
  FNR == 1 {
    from = folder_of(FILENAME)
    if (from == "") complain(FILENAME ": no rule says what its folder may include")
    path = FILENAME
    sub(/[.][ch]pp$/, "", path)
    folder = path
    sub(/\/[^\/]*$/, "", folder)
    if (!(path in seen) && folder !~ /^leash\/include/) ++stems[folder]
    seen[path]
  }
  from != "" && match($0, /^#include "[^"]+"/) {
    to = folder_of(substr($0, 11, RLENGTH - 11))
    if (to != "" && to != from && !((from, to) in allowed)) complain(FILENAME ": " from " may not include " to)
  }
  function rule(folder, others,  names, n, i) {
    known[folder]
    n = split(others, names, " ")
    for (i = 1; i <= n; ++i) allowed[folder, names[i]]
  }
  # The longest that has a rule.
  function folder_of(path) {
    while (sub(/\/[^\/]*$/, "", path)) if (path in known) return path
    return ""
  }
  function complain(what) {
    print what >"/dev/stderr"
    bad = 1
  }
  END {
    for (folder in stems) if (stems[folder] > most) complain(folder ": " stems[folder] " stems; part of them belong together")
    exit bad
  }' $sources
