// SPDX-License-Identifier: BSL-1.0
#pragma once
// Who may use an inspector.
//
// What it is     with a token, every request must carry it: `Authorization: Bearer TOKEN`, else 401; GET / alone need
//                not: it shows no metrics, and the page that a browser gets there asks for the token. Without one, pages
//                of other origins are kept from reading and changing anything (403): a request has to name the host by an
//                address, as localhost or by one of `names`, for another name may have been made to lead here; browsers
//                say in Sec-Fetch-Site which requests other sites caused. With or without a token, a request that is not
//                safe and names an Origin other than this host gets 403; curl and clients of ours name none.
// Guarantees     how long the comparison takes does not depend on the token. No answer repeats what was sent. Where the
//                target is a whole URL, its authority counts and not the Host field (RFC 9112 section 3.2.2).
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
  std::string token = {};               // empty: none is needed
  std::string realm = {};               // the name of what it is for
  std::vector<std::string> names = {};  // of this host, by which it may be asked without a token
  bool any_name = false;                // by any: for a listener that no browser can reach
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
