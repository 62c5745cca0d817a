// SPDX-License-Identifier: BSL-1.0
#pragma once
// Dumps as a pprof profile, for `go tool pprof` and profile collectors.
//
// What it is     profile.proto, compressed by gzip. Sample types: tasks/count, leaked/count, space/bytes and
//                waiting/nanoseconds. Labels: kind, state, owner, cause, loop, trace and oldest_age.
// Guarantees     each entry of the dumps is one sample; equal stacks in two profiles of one build have equal locations,
//                so that the profiles can be subtracted.
// Threads        any.
//
//   inspector::ProfileOptions options;
//   options.at = std::chrono::system_clock::now();
//   const leash::Dump dump = leash::take_dump(loop);
//   response.body = inspector::to_pprof({&dump, 1}, options);

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "leash/coroutines.hpp"
#include "leash/dump.hpp"

namespace inspector {

struct ProfileOptions {
  std::chrono::system_clock::time_point at{};
  std::string_view shown_first = "tasks";  // the sample type that tools show by default
  std::vector<std::string> comments = {};
};

// One dump per loop: a sample names its loop unless its entry was merged from several loops.
std::string to_pprof(std::span<const leash::Dump> dumps, const ProfileOptions& options,
                     std::span<const leash::CoroutineGroup> coroutines = {});

}  // namespace inspector
