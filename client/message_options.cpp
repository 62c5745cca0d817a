// SPDX-License-Identifier: BSL-1.0
#include "client/message_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "client/file.hpp"
#include "http/message/detail/ascii.hpp"

namespace client {

std::string add_field(http::OutgoingRequest& message, std::string_view line) {
  static constexpr std::array<std::string_view, 3> reserved = {"Content-Length", "Transfer-Encoding",
                                                               "Connection"};
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return fmt::format("must be 'Name: value', not '{}'", line);
  const std::string name(line.substr(0, colon));
  const std::string value(http::detail::trim(line.substr(colon + 1)));
  if (!http::detail::is_token(name)) return fmt::format("'{}' is not a valid header name", name);
  if (!http::detail::is_text(value)) return fmt::format("the value of {} contains a control character", name);
  const auto is_this = [&](std::string_view other) { return http::detail::iequals(name, other); };
  if (std::ranges::any_of(reserved, is_this))
    return fmt::format("{} cannot be set: the client sets it", name);
  if (!is_this("Host")) {
    message.headers.add(name, value);
  } else if (http::is_valid_authority(value)) {
    message.host = value;
  } else {
    return fmt::format("'{}' is not a host", value);
  }
  return {};
}

MessageOptions::MessageOptions(CLI::App& command) {
  command.add_option("-X,--method", method_, "Request method (default: GET, or POST with a body)")
      ->type_name("METHOD");
  command.add_option("-H,--header", fields_, "Request header, 'Name: value'. Repeatable")
      ->type_name("FIELD")
      ->take_all()
      ->allow_extra_args(false);
  data_given_ = command.add_option("-d,--data", data_, "Request body")->type_name("BODY");
  command.add_option("--data-file", data_file_, "Read the request body from this file")
      ->type_name("FILE")
      ->excludes(data_given_);
}

ReachOptions::ReachOptions(CLI::App& command) {
  command
      .add_option("--cacert", tls_.ca_file,
                  "HTTPS: trust the certificates in this PEM file instead of the system's")
      ->type_name("FILE");
  command.add_flag("--insecure", tls_.insecure, "HTTPS: do not verify the server's certificate");
  command.add_option("--unix-socket", unix_socket_, "Connect to this Unix socket instead of the URL's host")
      ->type_name("PATH");
}

std::expected<http::OutgoingRequest, std::string> MessageOptions::parse(const http::Url& url) const {
  http::OutgoingRequest message;
  message.target = url.target;
  message.host = url.authority();
  for (const std::string& field : fields_) {
    if (const auto wrong = add_field(message, field); !wrong.empty()) return std::unexpected("-H: " + wrong);
  }
  message.body = data_;
  if (!data_file_.empty()) {
    auto body = read_file(data_file_);
    if (!body) return std::unexpected("--data-file: " + body.error());
    message.body = *std::move(body);
  }
  const bool has_body = data_given_->count() > 0 || !data_file_.empty();
  message.method = !method_.empty() ? method_ : has_body ? "POST" : "GET";
  if (!http::detail::is_token(message.method))
    return std::unexpected(fmt::format("-X: '{}' is not a method", message.method));
  if (message.method == "CONNECT") return std::unexpected("-X: CONNECT is not supported");
  return message;
}

}  // namespace client
