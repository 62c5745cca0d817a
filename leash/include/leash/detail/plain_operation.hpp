// SPDX-License-Identifier: BSL-1.0
#pragma once
// Operations of Asio that do not use their arguments after they were canceled. Internal.
//
// A single read, write, connect, accept or wait of the reactor is such an operation: after a cancellation, only its
// handler runs. Every other operation, such as a composed one, may use its arguments until its handler has run. They
// are distinguished by the name of the initiation type, which is a private class of the I/O object. An operation with
// an unknown name counts as composed. An accept into a socket of the caller does not belong here, because a queued
// success still assigns to the socket.

#include <string_view>

#include "leash/detail/asio.hpp"

namespace leash::detail {
inline namespace LEASH_FLAVOR {

constexpr bool is_name_of_plain_operation(std::string_view type) noexcept {
#if defined(LEASH_BOOST) ? defined(BOOST_ASIO_HAS_IO_URING_AS_DEFAULT) : defined(ASIO_HAS_IO_URING_AS_DEFAULT)
  return type.empty();  // the kernel uses the buffers until it has answered
#else
  constexpr std::string_view boost = "boost::";
  if (type.starts_with(boost)) type.remove_prefix(boost.size());
  const bool of_the_reactor = type.starts_with("asio::basic_") || type.starts_with("asio::posix::basic_");
  const bool of_a_file =
      type.starts_with("asio::basic_stream_file") || type.starts_with("asio::basic_random_access_file");
  constexpr std::string_view initiation = ">::initiate_async_";
  const std::size_t at = type.rfind(initiation);
  if (!of_the_reactor || of_a_file || at == std::string_view::npos) return false;
  const std::string_view what = type.substr(at + initiation.size());
  return what.find_first_of("<: ") == std::string_view::npos && what != "accept";
#endif
}

template <class Initiation>
constexpr std::string_view name_of_type() noexcept {
  std::string_view text = __PRETTY_FUNCTION__;
  constexpr std::string_view before = "Initiation = ";
  text.remove_prefix(text.find(before) + before.size());
  return text.substr(0, text.find_first_of(";]"));
}

template <class Initiation>
inline constexpr bool is_plain = is_name_of_plain_operation(name_of_type<Initiation>());

}  // namespace LEASH_FLAVOR
}  // namespace leash::detail
