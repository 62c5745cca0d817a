// SPDX-License-Identifier: BSL-1.0
#pragma once
// Whether tasks are tracked: metrics by site, wait points, traces, names, orphans and leaks. Internal.
// -DLEASH_TRACKING=OFF compiles the tracking out, so that its cost can be measured (scripts/bench --tracking).

#ifndef LEASH_TRACKING
#  define LEASH_TRACKING 1
#endif

namespace leash::detail {

inline constexpr bool tracking = LEASH_TRACKING;

}  // namespace leash::detail
