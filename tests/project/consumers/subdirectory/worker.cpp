// SPDX-License-Identifier: BSL-1.0
#include "leash/go.hpp"

leash::Task<int> work(leash::Context) { co_return 7; }
