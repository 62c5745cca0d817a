// SPDX-License-Identifier: BSL-1.0
#include "client/resolver.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <memory>

#include "leash/via.hpp"

namespace client {
namespace {

// A look-up can outlive its caller: until getaddrinfo_a has called back, the resolver uses its memory.
class LookUp {
 public:
  LookUp(std::string host, std::uint16_t port) : host_(std::move(host)), port_(std::to_string(port)) {
    hints_.ai_socktype = SOCK_STREAM;
    hints_.ai_flags = AI_NUMERICSERV;
    request_.ar_name = host_.c_str();
    request_.ar_service = port_.c_str();
    request_.ar_request = &hints_;
  }
  LookUp(const LookUp&) = delete;
  LookUp& operator=(const LookUp&) = delete;
  ~LookUp() {
    if (request_.ar_result) ::freeaddrinfo(request_.ar_result);
    if (done_ >= 0) ::close(done_);
  }

  // The descriptor becomes readable when the look-up is complete.
  static leash::Result<int> begin(const std::shared_ptr<LookUp>& look_up) {
    look_up->done_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    const int to_wait_for = look_up->done_ < 0 ? -1 : ::fcntl(look_up->done_, F_DUPFD_CLOEXEC, 0);
    if (to_wait_for < 0) return std::unexpected(std::error_code(errno, std::system_category()));
    auto kept = std::make_unique<std::shared_ptr<LookUp>>(look_up);
    sigevent when_done{};
    when_done.sigev_notify = SIGEV_THREAD;
    when_done.sigev_value.sival_ptr = kept.get();
    when_done.sigev_notify_function = [](sigval value) {
      const std::unique_ptr<std::shared_ptr<LookUp>> mine(
          static_cast<std::shared_ptr<LookUp>*>(value.sival_ptr));
      const std::uint64_t one = 1;
      (void)!::write((*mine)->done_, &one, sizeof one);
    };
    std::array<gaicb*, 1> requests{&look_up->request_};
    if (const int failed = ::getaddrinfo_a(GAI_NOWAIT, requests.data(), 1, &when_done); failed != 0) {
      ::close(to_wait_for);
      return std::unexpected(error_of(failed));
    }
    (void)kept.release();  // owned by the notification from here on
    return to_wait_for;
  }

  leash::Result<std::vector<Endpoint>> result() {
    if (const int failed = ::gai_error(&request_); failed != 0) return std::unexpected(error_of(failed));
    std::array<std::vector<Endpoint>, 2> by_family;  // the family of the first address comes first
    int first_family = AF_UNSPEC;
    for (const addrinfo* each = request_.ar_result; each; each = each->ai_next) {
      if (first_family == AF_UNSPEC) first_family = each->ai_family;
      by_family[each->ai_family == first_family ? 0 : 1].emplace_back(each->ai_addr, each->ai_addrlen,
                                                                      each->ai_protocol);
    }
    std::vector<Endpoint> endpoints;
    for (std::size_t i = 0; i < std::max(by_family[0].size(), by_family[1].size()); ++i) {
      for (const auto& family : by_family) {
        if (i < family.size()) endpoints.push_back(family[i]);
      }
    }
    if (endpoints.empty()) return std::unexpected(make_error_code(asio::error::host_not_found));
    return endpoints;
  }

 private:
  static std::error_code error_of(int failed) noexcept {
    switch (failed) {
      case EAI_AGAIN:
      case EAI_SYSTEM:  // the cause is in errno of the resolver's thread
        return make_error_code(asio::error::host_not_found_try_again);
      case EAI_FAIL:
        return make_error_code(asio::error::no_recovery);
      case EAI_MEMORY:
        return make_error_code(std::errc::not_enough_memory);
      default:
        return make_error_code(asio::error::host_not_found);
    }
  }

  std::string host_;
  std::string port_;
  addrinfo hints_{};
  gaicb request_{};
  int done_ = -1;
};

}  // namespace

leash::Task<leash::Result<std::vector<Endpoint>>> resolve(leash::Context ctx, asio::io_context& io,
                                                          std::string host, std::uint16_t port) {
  std::error_code not_numeric;
  const asio::ip::address address = asio::ip::make_address(host, not_numeric);
  if (!not_numeric) {
    const asio::ip::tcp::endpoint endpoint(address, port);
    std::vector<Endpoint> one;
    one.emplace_back(endpoint);
    co_return one;
  }
  if (const auto done = ctx.err()) co_return std::unexpected(done);
  const auto look_up = std::make_shared<LookUp>(std::move(host), port);
  const auto descriptor = LookUp::begin(look_up);
  if (!descriptor) co_return std::unexpected(descriptor.error());
  asio::posix::basic_stream_descriptor<asio::io_context::executor_type> done(io.get_executor(), *descriptor);
  std::array<char, sizeof(std::uint64_t)> count{};
  const auto read = co_await done.async_read_some(asio::buffer(count), leash::via(ctx));
  if (!read) co_return std::unexpected(read.error());
  co_return look_up->result();
}

}  // namespace client
