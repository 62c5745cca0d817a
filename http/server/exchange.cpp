// SPDX-License-Identifier: BSL-1.0
#include "http/server/exchange.hpp"

#include <utility>

#include "http/server/connection.hpp"
#include "http/server/worker.hpp"

namespace http::server {

using leash::Result;
using leash::Task;

const leash::Context& Exchange::ctx() {
  if (!own_) {
    own_ = leash::with_deadline(parent_, deadline_, {}, leash::Label("request", id_, leash::Role::request));
  }
  return own_->ctx;
}

void Exchange::cancel(std::error_code cause) noexcept {
  if (own_) own_->cancel(cause);
}

std::error_code Exchange::cause() const noexcept { return own_ ? own_->ctx.cause() : std::error_code(); }

Worker& Exchange::worker() const noexcept { return connection_.worker_; }
Task<Result<std::string_view>> Exchange::read_body() { return connection_.body_.next(ctx()); }
Task<Result<std::string>> Exchange::read_whole_body(std::uint64_t most) {
  RequestBody& body = connection_.body_;
  if (request_.content_length.value_or(0) > most) co_return std::unexpected(body.too_large());
  std::string whole;
  MemoryBudget::Charge charge(worker().memory());
  for (;;) {
    const Result<std::string_view> piece = co_await read_body();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) co_return whole;
    if (piece->size() > most - whole.size()) co_return std::unexpected(body.too_large());
    whole += *piece;
    charge.set(whole.capacity());
  }
}
std::string Exchange::new_body(std::string_view text) {
  std::string body = worker().spare_bodies.take();
  body = text;
  return body;
}
Task<Result<>> Exchange::begin(Response head, std::optional<std::uint64_t> size) {
  return connection_.begin_stream(ctx(), std::move(head), size);
}
Task<Result<>> Exchange::write(std::string_view piece) { return connection_.write_stream(ctx(), piece); }

}  // namespace http::server
