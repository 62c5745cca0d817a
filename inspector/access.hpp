// SPDX-License-Identifier: BSL-1.0
#pragma once
// Who may use an inspector.
//
// What it is     with a token, every request must carry it: `Authorization: Bearer TOKEN`, else 401; GET / alone need
//                not: it shows no metrics, and the page that a browser gets there asks for the token. With or without, a
//                web page of somebody else's is kept from changing anything: a request that is not safe and names an
//                Origin other than this host gets 403 (browsers name it; curl and clients of ours do not); so does, without
//                a token, one of an Origin with a name other than localhost, which may have been made to lead here.
// Guarantees     how long the comparison takes does not depend on the token. No answer repeats what was sent.
// Threads        constant after its construction: any.
//
//   const inspector::Access access(token, "leash-server");
//   if (auto refused = access.refuse(request)) respond(*refused);

#include <optional>
#include <string>

#include "http/message/message.hpp"

namespace inspector {

class Access {
 public:
  // An empty token: none is needed. `realm` is the name of what it is for.
  Access(std::string token, std::string realm) : token_(std::move(token)), realm_(std::move(realm)) {}

  std::optional<http::Response> refuse(const http::Request& request) const;

 private:
  bool has_token(const http::Request& request) const noexcept;
  std::string token_;
  std::string realm_;
};

}  // namespace inspector
