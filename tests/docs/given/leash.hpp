// SPDX-License-Identifier: BSL-1.0
#pragma once
// What the examples of leash/include/leash take for granted.
// no example: awaitables
// no example: boost_awaitables
// no example: boost_co_spawn (it is that of co_spawn)
// no example: leash
// no example: wait_point

#include <gtest/gtest.h>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read_until.hpp>
#include <asio/write.hpp>
#include <chrono>
#include <expected>
#include <iostream>
#include <memory>
#include <string>
#include <thread>

#include "any.hpp"
#include "leash/channel.hpp"
#include "leash/co_spawn.hpp"
#include "leash/context.hpp"
#include "leash/done.hpp"
#include "leash/dump.hpp"
#include "leash/families.hpp"
#include "leash/go.hpp"
#include "leash/loop.hpp"
#include "leash/select.hpp"
#include "leash/sleep.hpp"
#include "leash/task.hpp"
#include "leash/via.hpp"
#include "leash/wait_group.hpp"

namespace given {

using namespace std::chrono_literals;
using Socket = asio::ip::tcp::socket;

void use(const auto&...);
void log(const auto&...);

extern asio::io_context io;
extern leash::Loop loop;
extern leash::Context ctx;
extern leash::Context parent;
extern Socket socket;
extern asio::any_io_executor executor;
extern int session;
asio::awaitable<void> talk(Socket);
asio::awaitable<void> heartbeat(int);
asio::awaitable<void> audit(int);
extern asio::mutable_buffer buffer;
extern std::string data;
extern leash::Channel<int> ch;
extern leash::Channel<int> channel;
leash::Task<> serve(leash::Context);

namespace of_awaitable {
asio::awaitable<std::size_t> old_code(Socket&);
}
namespace of_channel {
leash::Task<> produce(leash::Channel<int>);
}
namespace of_done {
leash::Task<> poll(leash::Done);
}
namespace of_families {
using leash::families::add;
using leash::families::family;
using prometheus::MetricType;
extern leash::families::Families families;
}  // namespace of_families
namespace of_from_slot {
struct Handler {};
extern Handler handler;
}  // namespace of_from_slot
namespace of_gather {
struct User {};
struct Cart {};
extern int id;
leash::Task<leash::Result<User>> find_user(leash::Context, int);
leash::Task<leash::Result<Cart>> find_cart(leash::Context, int);
}  // namespace of_gather
namespace of_go {
leash::Task<> worker(leash::Context, leash::Channel<int>);
}
namespace of_prometheus {
struct Exposer {
  void RegisterCollectable(const auto&);
};
extern Exposer exposer;
}  // namespace of_prometheus
namespace of_race {
extern int replica_a;
extern int replica_b;
leash::Task<leash::Result<std::string>> ask(leash::Context, int);
}  // namespace of_race
namespace of_scope {
leash::Task<leash::Result<>> fetch(leash::Context, std::string);
}
namespace of_scoped {
extern std::string a;
extern std::string b;
leash::Task<> fetch(leash::Context, std::string, std::string&);
}  // namespace of_scoped
namespace of_select {
extern leash::Channel<int> numbers;
}
namespace of_ticker {
void poll();
}
namespace of_wait_group {
leash::Task<> work(leash::WaitGroup);
}

}  // namespace given
