// SPDX-License-Identifier: BSL-1.0
#pragma once
// The kind of operation that a coroutine awaits, by the name of its initiation type. Internal.
//
// Guarantees     computed at compile time; an unknown name is WaitKind::asio.
//
//   constexpr WaitKind kind = operation_kind<Initiation, Arguments...>();

#include <source_location>
#include <string_view>

#include "leash/wait_point.hpp"

namespace leash::detail {

template <class... Types>
consteval std::string_view names_of() {
  return std::source_location::current().function_name();
}

consteval bool says(std::string_view names, std::string_view word) {
  return names.find(word) != std::string_view::npos;
}

// "initiate_async_read_some" of "asio::basic_stream_socket<…>::initiate_async_read_some".
consteval std::string_view word_of_operation(std::string_view names) {
  const std::size_t begin = names.find("initiate_");
  if (begin == std::string_view::npos) return names;
  const std::size_t end = names.find_first_of("<>,; ]", begin);
  return names.substr(begin, end - begin);
}

template <class Initiation, class... Arguments>
consteval WaitKind operation_kind() {
  std::string_view names = names_of<Initiation>();
  if (says(names, "leash::") || !says(names, "initiate_")) names = names_of<Initiation, Arguments...>();
  const std::string_view word = word_of_operation(names);
  if (says(names, "StartTask")) return WaitKind::task;
  if (says(names, "parallel_group")) return WaitKind::group;
  if (says(names, "co_spawn")) return WaitKind::coroutine;
  if (says(names, "channel")) return says(word, "send") ? WaitKind::chan_send : WaitKind::chan_receive;
  if (says(word, "post") || says(word, "dispatch") || says(word, "defer")) return WaitKind::none;
  if (says(word, "wait")) {
    if (says(names, "timer")) return WaitKind::timer;
    if (says(names, "signal_set")) return WaitKind::signal;
    return says(names, "socket") || says(names, "descriptor") ? WaitKind::io_wait : WaitKind::asio;
  }
  if (says(word, "resolve")) return WaitKind::resolve;
  if (says(word, "accept")) return WaitKind::accept;
  if (says(word, "connect")) return WaitKind::connect;
  if (says(word, "handshake") || says(word, "shutdown") || says(word, "close")) return WaitKind::io_wait;
  if (says(word, "write") || says(word, "send")) return WaitKind::write;
  if (says(word, "read") || says(word, "receive")) return WaitKind::read;
  return WaitKind::asio;
}

}  // namespace leash::detail
