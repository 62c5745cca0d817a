// SPDX-License-Identifier: BSL-1.0
#pragma once
// All of the library that needs only Asio.
//
// Not included   headers with a target of their own: leash/gtest.hpp, leash/every_step.hpp, leash/heap.hpp, leash/json.hpp,
//                leash/prometheus.hpp and leash/families.hpp.
//
//   #include <leash/leash.hpp>

#include "leash/after_func.hpp"
#include "leash/awaitable.hpp"
#include "leash/channel.hpp"
#include "leash/clock.hpp"
#include "leash/co_spawn.hpp"
#include "leash/context.hpp"
#include "leash/contexts.hpp"
#include "leash/coroutines.hpp"
#include "leash/done.hpp"
#include "leash/dump.hpp"
#include "leash/dump_on_signal.hpp"
#include "leash/error.hpp"
#include "leash/from_slot.hpp"
#include "leash/gather.hpp"
#include "leash/go.hpp"
#include "leash/leak_check.hpp"
#include "leash/leak_options.hpp"
#include "leash/loop.hpp"
#include "leash/loops.hpp"
#include "leash/metrics.hpp"
#include "leash/owner.hpp"
#include "leash/race.hpp"
#include "leash/reaper.hpp"
#include "leash/remote_channel.hpp"
#include "leash/scope.hpp"
#include "leash/scoped.hpp"
#include "leash/select.hpp"
#include "leash/sleep.hpp"
#include "leash/snapshot.hpp"
#include "leash/stranded.hpp"
#include "leash/task.hpp"
#include "leash/task_filter.hpp"
#include "leash/test_loop.hpp"
#include "leash/ticker.hpp"
#include "leash/trace.hpp"
#include "leash/tree.hpp"
#include "leash/version.hpp"
#include "leash/via.hpp"
#include "leash/wait_group.hpp"
#include "leash/wait_point.hpp"
