// SPDX-License-Identifier: BSL-1.0
#pragma once
// TLS settings of a client: which certificates to trust.
//
// Guarantees     certificates are verified against the system's authorities or those of a file, and their names against
//                the host; at least TLS 1.2. With `insecure`, nothing is verified.
// Threads        shared by the connections of one loop.
// Lifetime       outlives its connections.
//
//   auto tls = client::TlsContext::make({.ca_file = "/etc/ssl/my-ca.pem"});
//   if (!tls) return fail(tls.error());   // "/etc/ssl/my-ca.pem: No such file or directory"

#include <expected>
#include <memory>
#include <string>

namespace asio::ssl {
class context;
}

namespace client {

struct TlsOptions {
  std::string ca_file;  // PEM; empty: the system's authorities
  bool insecure = false;
};

class TlsContext {
 public:
  static std::expected<std::shared_ptr<TlsContext>, std::string> make(const TlsOptions& options);
  ~TlsContext();

  asio::ssl::context& ssl() noexcept { return *ssl_; }
  bool checks() const noexcept { return checks_; }

 private:
  TlsContext();

  std::unique_ptr<asio::ssl::context> ssl_;
  bool checks_ = true;
};

}  // namespace client
