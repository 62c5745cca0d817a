// SPDX-License-Identifier: BSL-1.0
#include "http/server/limits/turn.hpp"

#include <asio/post.hpp>
#include <utility>

#include "leash/done.hpp"

namespace http::server {

leash::Task<> let_others_go_on(leash::Context ctx, Socket& socket) {
  leash::DoneSource turn;
  const leash::Done its_turn = turn.done();
  asio::post(socket.get_executor(), [turn = std::move(turn)]() mutable { turn.close(); });
  (void)co_await its_turn.wait(ctx);
}

}  // namespace http::server
