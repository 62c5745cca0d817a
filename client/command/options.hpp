// SPDX-License-Identifier: BSL-1.0
#pragma once
// The command line of leash-client.
//
// Guarantees     all returned values are valid, so the request can be sent.
// Threads        any.
//
//   auto command = client::parse_command_line(argc, argv);
//   if (!command) return cli::show(command.error());   // --help, or one line that describes the error

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <variant>

#include "cli/program.hpp"
#include "client/tls.hpp"
#include "http/message/message.hpp"
#include "http/message/target.hpp"
#include "leash/clock.hpp"

namespace client {

struct GetCommand {
  http::Url url;
  std::string address;  // as typed
  http::OutgoingRequest message;
  TlsOptions tls;
  std::string unix_socket;
  leash::Duration timeout{};
  std::optional<leash::Duration> abort_after;
  std::uint64_t most_bytes = 0;  // largest response body
  bool include_head = false;
  bool fail = false;
  bool json = false;
};

// How to reach the admin listener.
struct AdminOptions {
  http::Url url;            // its target is empty, or a prefix that does not end with a slash
  std::string unix_socket;  // a path; replaces the URL's host and port
  std::string token;
  leash::Duration timeout{};
  bool json = false;

  std::string address() const {
    return unix_socket.empty() ? url.origin() + url.target : "unix:" + unix_socket;
  }
};

// Selects tasks; members that are empty select all.
struct TaskFilter {
  std::string site;
  std::string name;
  std::string state;
  std::optional<leash::Duration> min_age;
  std::optional<int> limit;
};

struct ModeCommand {
  AdminOptions admin;
  std::string change_to;  // empty: print the mode
};

struct TasksCommand {
  AdminOptions admin;
  TaskFilter filter;
  bool only_leaked = false;
  bool stacks = false;
  bool fail = false;                     // exit with status 3 if there is a leak
  bool fail_if_stray = false;            // or a stray coroutine
  std::optional<leash::Duration> every;  // --watch
};

// A page of the inspector that is printed unchanged.
struct PageCommand {
  AdminOptions admin;
  std::string path;
  std::optional<int> limit;
  bool fail = false;  // exit with status 3 if there is a leak of the kinds that the page shows
  std::optional<leash::Duration> every;  // --watch
};

struct ReapCommand {
  AdminOptions admin;
  TaskFilter filter;
};

struct PsCommand {
  std::string target;  // a process ID, or the path of a core file
  std::string binary;  // empty: the path that the core file names
  bool tree = false;
  bool json = false;
};

using Command = std::variant<GetCommand, ModeCommand, TasksCommand, PageCommand, ReapCommand, PsCommand>;

std::expected<Command, cli::Message> parse_command_line(int argc, const char* const* argv);

}  // namespace client
