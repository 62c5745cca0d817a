// SPDX-License-Identifier: BSL-1.0
#pragma once
// The leaks of a process, for --fail.
//
// What it is     asks an inspector for leaked and stranded tasks, outlived contexts, and leaked coroutines; and for stray
//                ones, which may be no leak.
// Guarantees     the filter applies as far as it can: contexts have a site and a name, coroutines a site and an age.
// Threads        the loop's.
//
//   const auto found = co_await client::find_leaks(ctx, admin, options, filter, client::Sought());
//   if (found && found->any()) std::cerr << client::to_text(*found);  // "2 tasks stranded, 3 contexts outlived"

#include <cstdint>
#include <expected>
#include <string>

#include "client/command/admin.hpp"
#include "client/command/options.hpp"
#include "leash/context.hpp"
#include "leash/task.hpp"

namespace client {

// The kinds of leaks to ask for.
struct Sought {
  bool tasks = true;
  bool contexts = true;
  bool coroutines = true;
  bool stray_coroutines = false;
};

struct Findings {
  std::uint64_t leaked = 0;  // tasks
  std::uint64_t stranded = 0;
  std::uint64_t outlived = 0;
  std::uint64_t leaked_coroutines = 0;
  std::uint64_t stray = 0;

  bool any() const noexcept { return leaked + stranded + outlived + leaked_coroutines + stray > 0; }
};

leash::Task<std::expected<Findings, AdminFailure>> find_leaks(leash::Context ctx, Admin& admin,
                                                              const AdminOptions& options,
                                                              const TaskFilter& filter, Sought sought);

// One line without its end.
std::string to_text(const Findings& findings);

}  // namespace client
