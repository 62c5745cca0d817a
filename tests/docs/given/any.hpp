// SPDX-License-Identifier: BSL-1.0
#pragma once
// The result of an example that returns something.

namespace given {

struct Any {
  Any();
  template <class T>
  Any(T&&);
};

}  // namespace given
