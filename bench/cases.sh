# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=bash
# Sourced by scripts/bench and bench/compare.sh: the cases of bench/cases.json.

# choose_cases REGEX: sets `chosen`, a line of JSON for each case whose name matches.
choose_cases() {
  mapfile -t chosen < <(jq -c --arg filter "$1" '.[] | select(.case | test($filter))' bench/cases.json)
  [[ ${#chosen[@]} -gt 0 ]] || usage_error "no case matches '$1'; there are: $(jq -r 'map(.case) | join(", ")' bench/cases.json)"
}

field() { jq -r ".$2" <<<"$1"; }

# run_case CASE PROGRAM FOLDER WHO: runs the program of that folder, and appends "case, who, figure, value" to the file
# $samples. Its callers test its status, so `set -e` has no effect in it.
run_case() {
  local figures
  case $2 in
    leash-bench)
      # Hides its warning that Debian's library was built without NDEBUG, which does not affect the measured code.
      figures=$("$3/leash-bench" --benchmark_filter="^$1(/|\$)" --benchmark_min_time=0.1 --benchmark_format=json 2>/dev/null |
        jq '.benchmarks[0] | if .error_occurred then error(.error_message) else . end') || return
      ;;
    leash-memory) figures=$("$3/leash-memory" "$1") || return ;;
  esac
  # shellcheck disable=SC2154  # the script that sources this sets samples
  jq -r --arg case "$1" --arg who "$4" \
    'to_entries[] | select(.value | type == "number") | [$case, $who, .key, .value] | @tsv' <<<"$figures" >>"$samples"
}
