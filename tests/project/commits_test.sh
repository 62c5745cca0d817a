#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# How a commit reads, for those after the rule was made: a subject of at most 72 characters that begins with a capital
# letter and has no full stop, an empty line, and a body that says why.
# usage: commits_test.sh [FILE]; FILE is one message, without it all of the new commits are checked
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

first=7bdb7cae3839e9d61353d184f981dcf50c956c95 # the last commit before the rule was checked
without_body=4e3a9b6a3668cf193662b96c04a978e184842682 # it was published before anyone ran this check

problem_of() { # problem_of FILE: prints what is wrong with the message in FILE, if anything is
  awk '
    function say(problem) { print problem; said = 1; exit }
    NR == 1 && length($0) > 72 { say("the subject has " length($0) " characters, 72 are allowed") }
    NR == 1 && !/^[A-Z`]/ { say("the subject does not begin with a capital letter") }
    NR == 1 && /\.$/ { say("the subject ends with a full stop") }
    NR == 2 && $0 != "" { say("the second line is not empty") }
    NR > 2 && $0 != "" { body = 1 }
    END { if (!said && !body) print "there is no body that says why" }' "$1"
}

if [[ $# -eq 1 ]]; then
  problem=$(problem_of "$1")
  [[ -z $problem ]] || { printf '%s\n' "$problem" >&2; exit 1; }
  exit 0
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# The check itself is checked.
printf '%s\n' 'Close the longest idle connection at the limit' '' 'Silent ones kept others out.' >"$folder/good"
printf '%s\n' "Close $(printf 'x%.0s' {1..70})" '' 'Why.' >"$folder/long"
printf '%s\n' 'close it' '' 'Why.' >"$folder/small"
printf '%s\n' 'Close it.' '' 'Why.' >"$folder/stop"
printf '%s\n' 'Close it' 'Why.' >"$folder/second"
printf '%s\n' 'Close it' >"$folder/alone"
bash "$0" "$folder/good" || { echo 'refused: a good message' >&2; exit 1; }
for bad in long small stop second alone; do
  ! bash "$0" "$folder/$bad" 2>/dev/null || { echo "not found: $bad" >&2; exit 1; }
done

if ! git cat-file -e "$first^{commit}" 2>/dev/null; then
  echo 'skipped: this is no clone with the history'
  exit 77
fi
failed=0
for commit in $(git rev-list --no-merges "$first..HEAD"); do
  git log -1 --format=%B "$commit" >"$folder/message"
  problem=$(problem_of "$folder/message")
  [[ $commit != "$without_body" ]] || problem=
  [[ -z $problem ]] || { git log -1 --format="%h %s: $problem" "$commit" >&2; failed=1; }
done
exit $failed
