// SPDX-License-Identifier: BSL-1.0
#pragma once
// Requests as a person types them, and how their server is reached: -X, -H, -d, --cacert and so on.
//
// Guarantees     what was parsed can be sent as it is. An error is one line that names the option.
// Threads        one.
// Lifetime       stays where it is while the command line is parsed.
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

// "Name: value" into a field; Host goes where it belongs. The text is empty when all is well, else it says what is not.
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

// How the server is reached: --cacert, --insecure, --unix-socket.
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
