// SPDX-License-Identifier: BSL-1.0
#pragma once
// Access control of an inspector.
//
// What it is     with a token, every request must carry it: `Authorization: Bearer TOKEN`, else 401. Only GET / is exempt: it
//                shows no metrics, and the page asks for the token. Without a token, pages of other origins can neither
//                read nor change anything (403): a request must name the host by an IP address, as localhost or by one
//                of `names`, because any other name may have been made to resolve to this host; browsers mark requests
//                caused by other sites with Sec-Fetch-Site. With or without a token, an unsafe request whose Origin is
//                another host gets 403; curl and our own clients send no Origin.
// Guarantees     the time of the comparison does not depend on the token. No response repeats what was sent. If the target
//                is a whole URL, its authority counts and not the Host field (RFC 9112 section 3.2.2).
// Threads        constant after its construction: any.
//
//   const inspector::Access access({.token = token, .realm = "leash-server"});
//   if (auto refused = access.refuse(request)) respond(*refused);

#include <optional>
#include <string>
#include <vector>

#include "http/message/message.hpp"

namespace inspector {

struct AccessOptions {
  std::string token = {};               // empty: no token is required
  std::string realm = {};               // the realm in WWW-Authenticate
  std::vector<std::string> names = {};  // names of this host that are allowed without a token
  bool any_name = false;                // allow any name: for a listener that no browser can reach
};

class Access {
 public:
  explicit Access(AccessOptions options) : options_(std::move(options)) {}

  std::optional<http::Response> refuse(const http::Request& request) const;

 private:
  bool has_token(const http::Request& request) const noexcept;
  bool is_ours(std::string_view authority) const;
  const AccessOptions options_;
};

}  // namespace inspector
