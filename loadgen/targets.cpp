// SPDX-License-Identifier: BSL-1.0
#include "loadgen/targets.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/text.hpp"
#include "client/message_options.hpp"
#include "http/message/detail/ascii.hpp"
#include "http/message/json.hpp"

namespace loadgen {
namespace {

using Json = nlohmann::ordered_json;
using Message = std::expected<http::OutgoingRequest, std::string>;

std::string string_at(const Json& object, const char* key, std::string otherwise) {
  const auto found = object.find(key);
  return found == object.end() ? std::move(otherwise) : found->get<std::string>();
}

// The path and query; empty if the URL is invalid or has another origin.
std::string target_of(const std::string& url, const http::Url& base) {
  const auto absolute =
      http::parse_url(url.starts_with('/') ? base.origin() + url : url, http::Https::allowed);
  return absolute && absolute->origin() == base.origin() ? absolute->target : std::string();
}

// Throws the exceptions of nlohmann::json, which parse_targets() catches.
Message message_of(const Json& json, const http::Url& base, http::OutgoingRequest message) {
  for (const auto& [key, value] : json.items()) {
    if (key != "method" && key != "url" && key != "headers" && key != "body")
      return std::unexpected("unknown member; allowed are method, url, headers and body");
  }
  message.target = target_of(json.at("url").get<std::string>(), base);
  if (message.target.empty())
    return std::unexpected(fmt::format("the URL must be a path or begin with {}", base.origin()));
  message.body = string_at(json, "body", message.body);
  message.method = string_at(json, "method", json.contains("body") ? "POST" : message.method);
  if (!http::detail::is_token(message.method) || message.method == "CONNECT")
    return std::unexpected("the method is not valid");
  if (const auto headers = json.find("headers"); headers != json.end()) {
    for (const auto& [name, value] : headers->items()) {
      if (const auto wrong = client::add_field(message, name + ": " + value.get<std::string>());
          !wrong.empty())
        return std::unexpected("headers: " + wrong);
    }
  }
  return message;
}

}  // namespace

std::expected<std::vector<http::OutgoingRequest>, std::string> parse_targets(
    std::string_view text, const http::Url& base, const http::OutgoingRequest& common) {
  std::vector<http::OutgoingRequest> messages;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto line = http::detail::trim(text.substr(0, text.find_first_of("\r\n")));
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    if (line.empty()) continue;
    const auto fail = [&](std::string_view why) {
      return std::unexpected(fmt::format(", line {}: {}", number, cli::without_control_characters(why)));
    };
    const Json json = http::parse_json(line);
    if (!json.is_object()) return fail("it is not a JSON object");
    try {
      auto message = message_of(json, base, common);
      if (!message) return fail(message.error());
      messages.push_back(*std::move(message));
    } catch (const Json::exception&) {
      return fail("url is required; url, method and body must be strings, headers an object of strings");
    }
  }
  if (messages.empty()) return std::unexpected(": contains no request");
  return messages;
}

}  // namespace loadgen
