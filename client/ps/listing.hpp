// SPDX-License-Identifier: BSL-1.0
#pragma once
// The tasks and coroutines of a process or core file, read from outside, as text or JSON.
//
// Guarantees     flat lists are grouped by stack, like those of an inspector; the tree has the format of leash/tree.hpp.
// Threads        one.
//
//   const auto text = client::list_tasks("4711", {});
//   if (!text) return complain(Exit::connection_failure, text.error());

#include <expected>
#include <string>

namespace client {

struct ListingOptions {
  std::string binary = {};  // the program's path; may be empty
  bool tree = false;
  bool json = false;
};

std::expected<std::string, std::string> list_tasks(const std::string& process_or_core,
                                                   const ListingOptions& options);

}  // namespace client
