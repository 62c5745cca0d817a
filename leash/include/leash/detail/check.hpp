#pragma once
// Broken invariants end the process, with a message that names the thing.
//
// Guarantees     what fails writes one line to standard error and aborts, in every build; it does not return and
//                nothing is unwound. Not for what a peer or a user can cause: that is a Result.
// Threads        any.
// Lifetime       `what` is a literal.
//
//   leash::check(node != nullptr, "Context used after it was moved from");

#include <source_location>

namespace leash {

// Writes "leash: <what> (file:line)" to standard error and aborts.
[[noreturn]] void fail(const char* what,
                       std::source_location where = std::source_location::current()) noexcept;

inline void check(bool holds, const char* what,
                  std::source_location where = std::source_location::current()) noexcept {
  if (!holds) [[unlikely]]
    fail(what, where);
}

}  // namespace leash
