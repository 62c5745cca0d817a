#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Keeps the forms of co_await out that GCC 12 miscompiles (docs/gcc12.md): inside one expression with co_await, an
# aggregate or a capturing lambda as a temporary, co_await as a branch of ?:, and a call on one side of ?: or right of && in an
# argument. Also a lambda with captures that is called where it is given away: they are gone when its coroutine runs.
# usage: coroutine_forms_test.sh [FILE...]; without files, all of the project's
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [[ $# -eq 0 ]]; then
  mapfile -t files < <(find units process cli leash http client inspector server loadgen bench tests -name '*.cpp' -o -name '*.hpp')
  # The check itself is checked: each bad form is found, and the good one is not.
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  # shellcheck disable=SC2016
  printf '%s\n' 'co_await f(Message{1, text});' >"$folder/aggregate.cpp"
  printf '%s\n' 'co_await f({.a = text});' >"$folder/braces.cpp"
  printf '%s\n' 'co_await f(' '    [text](int) { return 1; });' >"$folder/lambda.cpp"
  printf '%s\n' 'auto x = c ? co_await a() : T();' >"$folder/conditional.cpp"
  printf '%s\n' 'co_await f(c ? g("A") : g("B"));' >"$folder/argument.cpp"
  printf '%s\n' 'const auto r = co_await ch.send(ctx, a && g("text"));' >"$folder/and.cpp"
  printf '%s\n' 'go(ctx, [x]() -> leash::Task<> { co_await f(x); }());' >"$folder/called.cpp"
  for bad in "$folder"/*.cpp; do
    ! bash "$0" "$bad" 2>/dev/null || { echo "not found: $(cat "$bad")" >&2; exit 1; }
  done
  printf '%s\n' 'if (co_await f(a)) return c ? g("A") : g("B");' 'go(ctx, [x](leash::Context own) { return f(own, x); });' \
    'co_await f([](auto&& x) { return x ? g(x) : h(x); }, a && b);' '// co_await f(Message{1});' 'auto r = co_await f(std::move(message), [](int) { return 1; });' \
    >"$folder/good.cpp"
  bash "$0" "$folder/good.cpp"
else
  files=("$@")
fi

perl -0777 -ne '
  s{//[^\n]*}{}g; s{"(?:\\.|[^"\\\n])*"}{""}g;
  while (/\bco_await\b([^;]*);/g) {
    my ($all, $rest, $before) = ($&, $1, substr($_, 0, $-[0]));
    my $line = 1 + ($before =~ tr/\n//);
    my $bad;
    $bad = "a capturing lambda" if $rest =~ /[(,]\s*\[[^\]\s][^\]]*\]\s*[({]/;
    $bad = "an aggregate" if $rest =~ /[(,]\s*(?:[A-Z]\w*|\w+::[A-Z]\w*)?\{\s*[^}\s]/ && $rest !~ /[(,]\s*\[[^\]]*\][^{]*\{/;
    $bad = "a branch of ?:" if $before =~ /\?\s*$/;
    my $expression = extent($rest);
    $bad = "a call in a branch of ?:" if $expression =~ /\(.*\?.*\w\s*\(/s;
    $bad = "a call to the right of &&" if $expression =~ /\(.*&&\s*!?[\w:.]+\s*\(/s;
    print STDERR "$ARGV:$line: $bad in an expression with co_await\n" and $found = 1 if $bad;
  }
  while (/\bgo\(\s*[\w.()]*,?\s*\[[^\]\s][^\]]*\]\s*\(/g) {
    my ($at, $text) = ($-[0], substr($_, $-[0]));
    $text =~ s/^.*?\[//s;
    my $line = 1 + (substr($_, 0, $at) =~ tr/\n//);
    $text =~ s/^[^{]*//;
    $text =~ s/^(\{(?:[^{}]++|(?1))*\})//;
    print STDERR "$ARGV:$line: a coroutine lambda with captures is called at once\n" and $found = 1 if $text =~ /^\s*\(/;
  }
  # The expression that begins here, without what is in braces.
  sub extent {
    my ($text, $depth, $out) = (shift, 0, "");
    $text =~ s/(\{(?:[^{}]++|(?1))*\}?)//g;
    for my $c (split //, $text) {
      $depth++ if $c =~ /[(\[]/;
      $depth-- if $c =~ /[)\]]/;
      last if $depth < 0 || ($depth == 0 && $c eq ",");
      $out .= $c;
    }
    return $out;
  }
  END { exit($found ? 1 : 0) }' "${files[@]}"
