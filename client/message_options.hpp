// SPDX-License-Identifier: BSL-1.0
#pragma once
// Command line options of a request and of the way to its server: -X, -H, -d, --cacert and so on.
//
// Guarantees     each parsed request can be sent. An error is one line that names the option.
// Threads        one.
// Lifetime       must not move while the command line is parsed.
//
//   client::MessageOptions texts(command);
//   cli::parse(app, argc, argv);
//   auto message = texts.parse(*url);   // an http::OutgoingRequest

#include <CLI/CLI.hpp>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "client/tls.hpp"
#include "http/message/message.hpp"
#include "http/message/target.hpp"

namespace client {

// Adds the field "Name: value" to the message; Host replaces the message's host. Returns an error, or an empty text.
std::string add_field(http::OutgoingRequest& message, std::string_view line);

class MessageOptions {
 public:
  explicit MessageOptions(CLI::App& command);

  std::expected<http::OutgoingRequest, std::string> parse(const http::Url& url) const;

 private:
  std::vector<std::string> fields_;
  std::string method_;
  std::string data_;
  std::string data_file_;
  CLI::Option* data_given_ = nullptr;
};

// How to reach the server: --cacert, --insecure, --unix-socket.
class ReachOptions {
 public:
  explicit ReachOptions(CLI::App& command);

  const TlsOptions& tls() const noexcept { return tls_; }
  const std::string& unix_socket() const noexcept { return unix_socket_; }

 private:
  TlsOptions tls_;
  std::string unix_socket_;
};

}  // namespace client
