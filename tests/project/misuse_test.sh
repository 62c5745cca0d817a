#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# What does not fit is named in the first line that the compiler says of it. CXX: the compiler, c++ by default.
# shellcheck source=tests/project/check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

compile() { # compile STANDARD <SOURCE: its first error, without the place
  { printf '#include "leash/%s.hpp"\n' context task && cat; } >"$scratch/snippet.cpp"
  run "${CXX:-c++}" "-std=$1" -fsyntax-only -DASIO_STANDALONE -Ileash/include "$scratch/snippet.cpp"
  sed -n '/error: /{s/^.*error: //p;q}' "$scratch/err" >"$scratch/out"
}

compile c++23 <<'END'
#include "leash/channel.hpp"
#include "leash/select.hpp"
#include "leash/sleep.hpp"
leash::Task<> f(leash::Context ctx, leash::Channel<int> ch) {
  auto r = co_await leash::select(ch.receive(), ctx.done(), leash::sleep(leash::Duration(1)), ch.send(1));
  (void)r;
}
END
status_is 0 # so the others fail for what is wrong with them

compile c++20 <<'END'
#include "leash/leash.hpp"
END
output_says 'needs C++23'

compile c++23 <<'END'
#include "leash/channel.hpp"
#include "leash/select.hpp"
#include "leash/task.hpp"
leash::Task<> f(leash::Context ctx, leash::Channel<int> ch) {
  auto r = co_await leash::select(ch.receive(ctx), ctx.done());
}
END
output_says 'select takes'

compile c++23 <<'END'
#include "leash/select.hpp"
#include "leash/task.hpp"
leash::Task<> g();
leash::Task<> f(leash::Context ctx) {
  auto r = co_await leash::select(g(), ctx.done());
}
END
output_says 'select takes'

compile c++23 <<'END'
#include "leash/select.hpp"
#include "leash/task.hpp"
leash::Task<> f(leash::Context ctx) {
  auto r = co_await leash::select(leash::otherwise, ctx.done());
}
END
output_says 'select takes'

compile c++23 <<'END'
#include "leash/select.hpp"
#include "leash/task.hpp"
leash::Task<> f(leash::Context ctx) {
  auto done = ctx.done();
  auto r = co_await leash::select(done);
}
END
output_says 'an awaiter is awaited once'

compile c++23 <<'END'
#include "leash/go.hpp"
leash::Task<int> g();
void f(leash::Context ctx) { leash::go(ctx, g()); }
END
output_says 'go takes'

compile c++23 <<'END'
#include "leash/go.hpp"
void f(leash::Context ctx) { leash::go(ctx, [] { return 1; }); }
END
output_says 'go takes'

compile c++23 <<'END'
#include "leash/scope.hpp"
leash::Task<int> g();
leash::Task<> f(leash::Context ctx) {
  leash::Scope s(ctx);
  s.go(g());
  auto r = co_await s.join();
}
END
output_says 'go takes'

compile c++23 <<'END'
#include "leash/channel.hpp"
leash::Channel<void> ch;
END
output_says 'Channel<void>'

compile c++23 <<'END'
#include <asio/awaitable.hpp>
#include "leash/channel.hpp"
asio::awaitable<void> f(leash::Channel<int> ch) { (void)co_await ch.receive(); }
END
output_says 'as_awaitable'

compile c++23 <<'END'
#include <asio/awaitable.hpp>
#include "leash/task.hpp"
leash::Task<int> g();
asio::awaitable<void> f() { (void)co_await g(); }
END
output_says 'as_awaitable'

compile c++23 <<'END'
#include <asio/awaitable.hpp>
#include "leash/task.hpp"
asio::awaitable<int> g();
leash::Task<> f() { (void)co_await g(); }
END
output_says 'co_await takes'
