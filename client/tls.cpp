// SPDX-License-Identifier: BSL-1.0
#include "client/tls.hpp"

#include <asio/ssl/context.hpp>
#include <asio/ssl/error.hpp>
#ifdef ASIO_SEPARATE_COMPILATION
#  include <asio/ssl/impl/src.hpp>
#endif
#include <system_error>

namespace client {

TlsContext::TlsContext() : ssl_(std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client)) {}
TlsContext::~TlsContext() = default;

std::expected<std::shared_ptr<TlsContext>, std::string> TlsContext::make(const TlsOptions& options) {
  std::shared_ptr<TlsContext> made(new TlsContext);
  ::SSL_CTX_set_min_proto_version(made->ssl_->native_handle(), TLS1_2_VERSION);
  made->checks_ = !options.insecure;
  if (options.insecure) return made;
  std::error_code error;
  made->ssl_->set_verify_mode(asio::ssl::verify_peer);
  if (options.ca_file.empty()) {
    (void)made->ssl_->set_default_verify_paths(error);
  } else {
    (void)made->ssl_->load_verify_file(options.ca_file, error);
  }
  if (error)
    return std::unexpected((options.ca_file.empty() ? "TLS" : options.ca_file) + ": " + error.message());
  return made;
}

}  // namespace client
