#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Each script refuses what it does not know with one line and status 2, before it does anything.
# shellcheck source=tests/project/check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

refuses() { # refuses TEXT COMMAND…
  local text=$1
  shift
  run "$@"
  status_is 2
  one_line_says "$text"
}

refuses "unknown argument '--bogus'" scripts/bootstrap --bogus
refuses "unknown option '--bogus'" scripts/test --bogus
refuses "unknown argument 'asan'" scripts/test asan
refuses 'takes asan or tsan, not' scripts/test --sanitize
refuses "takes asan or tsan, not 'msan'" scripts/test --sanitize msan
refuses "takes clang, not 'icc'" scripts/test --compiler icc
refuses 'one of --sanitize and --compiler' scripts/test --sanitize asan --compiler clang
refuses "unknown option '--bogus'" scripts/demo --bogus
refuses "takes a time such as .* not 'soon'" scripts/demo --duration soon
refuses 'takes a time such as' scripts/demo --duration
refuses "takes a whole number greater than 0, not '0'" scripts/demo --rate 0
refuses "unknown option '--grafana'" scripts/demo --prometheus --grafana
refuses "unknown option '--bogus'" scripts/bench --bogus
refuses 'takes a regular expression' scripts/bench --filter
refuses "takes a whole number greater than 0, not 'many'" scripts/bench --repetitions many
refuses "takes a regular expression, not '('" scripts/bench --filter '('
refuses 'a comparison of its own' scripts/bench --tracking --filter park
refuses "takes a revision, not 'nowhere'" scripts/bench --compare nowhere
refuses "unknown option '--bogus'" scripts/fuzz --bogus
refuses "a whole number greater than 0, not '0'" scripts/fuzz --jobs 0
refuses "a whole number of seconds greater than 0, not '1.5'" scripts/fuzz 1.5
refuses "unknown target 'cookies'; there are .*request_parser" scripts/fuzz 20 target cookies
refuses "takes one number of seconds, not '30' also" scripts/fuzz 20 30
refuses "unknown option '--bogus'" scripts/soak --bogus
refuses "takes one number of minutes, not '2' also" scripts/soak 1 2
refuses 'of minutes or of requests, not both' scripts/soak --requests 10 2
refuses "unknown option '--bogus'" scripts/slow-clients --bogus
refuses "--connections takes a whole number greater than 0, not '0'" scripts/slow-clients --connections 0
refuses "a number of minutes greater than 0, not '0.0'" scripts/soak 0.0
refuses "a number of minutes greater than 0, not 'long'" scripts/soak long
refuses "--requests takes a whole number greater than 0, not ''" scripts/soak --requests
refuses "unknown argument '--bogus'" scripts/test-docker --bogus
refuses "takes bookworm or trixie, not 'sid'" scripts/test-docker --suite sid
refuses "unknown option '--bogus'" scripts/tidy --bogus
refuses "takes a regular expression, not '('" scripts/tidy '('
refuses "takes one pattern, not 'http' also" scripts/tidy leash http
refuses "unknown option '--bogus'" bench/load_generator --bogus
refuses "--requests takes a whole number above 0, not '0'" bench/quantiles --requests 0
for figures in bench/server bench/connections bench/client_gone bench/inspector bench/idle_inspector; do refuses 'unrecognized arguments: --bogus' "$figures" --bogus; done
refuses 'N must be at least 1' bench/server --rounds 0
refuses 'N must be at least 1' bench/inspector --tasks 0
refuses 'N must be at least 1' bench/idle_inspector --rounds 0
refuses "invalid int value: 'many'" bench/client_gone --clients many

for name in bootstrap test demo bench fuzz soak slow-clients test-docker tidy; do
  run "scripts/$name" --help
  status_is 0
  output_says "usage: scripts/$name"
done
for name in load_generator quantiles server connections client_gone inspector idle_inspector; do
  run "bench/$name" --help
  status_is 0
done
