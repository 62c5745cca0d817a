#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# scripts/bench --compare REV: the microbenchmarks of another revision and of this tree, alternating.
# usage: bench/compare.sh REV REGEX REPETITIONS
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/common.sh"
# shellcheck disable=SC2034  # common.sh says it
script=bench
# shellcheck source=bench/cases.sh
source bench/cases.sh

commit=$(git rev-parse --short "$1^{commit}")
choose_cases "$2"
repetitions=$3

out=$root/build/bench
other=$out/compare
samples=$out/compare.tsv # case, who, figure, value
mkdir -p "$out"
: >"$samples"

rm -rf "$other" # left by a run that was killed
git worktree prune
git worktree add --quiet --detach "$other" "$commit"
trap 'git worktree remove --force "$other"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

for tree in "$root" "$other"; do
  (
    cd "$tree"
    configure release -DLEASH_BENCH=ON
    cmake --build --preset release --target leash_bench leash_memory
  ) >"$out/compare.log" 2>&1 || die "the build of $tree failed; see $out/compare.log"
done

for ((repetition = 1; repetition <= repetitions; repetition++)); do
  for one in "${chosen[@]}"; do
    name=$(field "$one" case)
    program=$(field "$one" program)
    [[ ! -t 2 ]] || printf '\r\033[K%s/%s %s' "$repetition" "$repetitions" "$name" >&2
    run_case "$name" "$program" "$other/build/bench" before || die "$name of $commit failed"
    run_case "$name" "$program" "$out" now || die "$name failed"
  done
done
[[ ! -t 2 ]] || printf '\r\033[K' >&2

jq -rRn --slurpfile cases bench/cases.json --arg commit "$commit" '
  def median: sort | (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2;
  def in_unit($unit): . / ({"ms": 1e6}[$unit] // 1); # times are measured in ns
  def figure: if . >= 100 then round elif . >= 1 then . * 10 | round / 10 else . * 1e6 | round / 1e6 end | tostring;
  [inputs | split("\t") | {case: .[0], who: .[1], figure: .[2], value: (.[3] | tonumber)}] as $all
  | ["medians", $commit, "now", "now / \($commit)", "unit"],
    ($cases[0][] | .case as $case | .rows[] | . as $row
     | [$all[] | select(.case == $case and .figure == $row.value)]
     | select(length > 0)
     | (map(select(.who == "before").value) | median | in_unit($row.unit)) as $before
     | (map(select(.who == "now").value) | median | in_unit($row.unit)) as $now
     | [$row.row, ($before | figure), ($now | figure),
        (if $before == 0 then "-" else $now / $before * 1000 | round / 1000 | tostring end), $row.unit])
  | @tsv' "$samples" | awk -F '\t' '{ printf "%-52s %10s %10s %16s %s\n", $1, $2, $3, $4, $5 }'
