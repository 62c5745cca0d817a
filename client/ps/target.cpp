// SPDX-License-Identifier: BSL-1.0
#include "client/ps/target.hpp"

#include <charconv>

namespace client {

Opened open_target(const std::string& process_or_core, const std::string& binary) {
  if (process_or_core.empty()) return std::unexpected("the process ID, or the path of a core file, is empty");
  pid_t process = 0;
  const char* const end = process_or_core.data() + process_or_core.size();
  const auto [stop, error] = std::from_chars(process_or_core.data(), end, process);
  const bool is_number = error == std::errc{} && stop == end && process > 0;
  if (!is_number) return open_core(process_or_core, binary);
  if (!binary.empty()) {
    return std::unexpected("--binary: applies to core files only");
  }
  return open_process(process);
}

}  // namespace client
