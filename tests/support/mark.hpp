// SPDX-License-Identifier: BSL-1.0
#pragma once
// Writes its name when it is destroyed, to show whether and in which order objects of a task are destroyed.
//
// Lifetime       the text must outlive it.
//
//   std::string text;
//   { const Mark mark(&text, "inner "); }
//   EXPECT_EQ(text, "inner ");

#include <string>

namespace leash::testing {

struct Mark {
  Mark(std::string* t, const char* n) : text(t), name(n) {}
  Mark(const Mark&) = delete;
  Mark& operator=(const Mark&) = delete;
  ~Mark() { *text += name; }
  std::string* text;
  const char* name;
};

}  // namespace leash::testing
