// SPDX-License-Identifier: BSL-1.0
#include "client/file.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <system_error>

namespace client {

std::expected<std::string, std::string> read_file(const std::string& path) {
  const auto failed = [&] {
    return std::unexpected(fmt::format("cannot read {}: {}", path, std::generic_category().message(errno)));
  };
  struct Close {
    void operator()(std::FILE* file) const noexcept { (void)std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rb"));
  if (!file) return failed();
  std::string text;
  std::array<char, 64 * 1024> piece;
  while (const std::size_t n = std::fread(piece.data(), 1, piece.size(), file.get()))
    text.append(piece.data(), n);
  if (std::ferror(file.get()) != 0) return failed();  // a folder can be opened but not read
  return text;
}

}  // namespace client
