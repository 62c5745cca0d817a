// SPDX-License-Identifier: BSL-1.0
#pragma once
// A TCP proxy that adds faults of networks to connections: delays, cuts, resets, silence, garbage, odd segments.
//
// What it is     listens on a free port of 127.0.0.1 and passes bytes on to a port of 127.0.0.1, in both
//                directions. A rule says for each connection which faults each direction gets.
// Guarantees     without faults it is transparent: half-closes and resets are passed on. Random values depend
//                only on the seed and on the number of the connection. A connection that a fault has ended is
//                closed at both ends. A half-open connection stays until one end resets, both have closed,
//                its silence is over, or the proxy ends.
// Threads        has its own thread and loop. Rules run on this thread; everything else may be called on any
//                thread.
// Lifetime       the destructor resets the connections that are left, and joins the thread.
//
//   support::Faults cut;
//   cut.then = support::Faults::Then::cut;
//   cut.after = 100;
//   support::FaultProxy proxy(server.port(), support::Script{.to_client = cut});
//   client.connect(ctx, "127.0.0.1", proxy.port());   // and is cut off after 100 bytes of the response

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>

#include "leash/clock.hpp"

namespace support {

// What happens to the bytes of one direction of one connection. Shapes and one event may be combined.
struct Faults {
  // Shapes, from the first byte on. A piece is the data of one read, or `segment` bytes of it.
  leash::Duration delay{};  // each piece, and the pieces behind it, wait this long
  std::size_t segment = 0;  // pieces of at most this many bytes, each in its own segment; 0: as they arrive
  leash::Duration merge{};  // what arrives within this time is one piece

  // An event after `after` bytes were passed on (0: when the connection is made).
  enum class Then : std::uint8_t {
    go_on,
    cut,        // both ends are closed; what was passed on arrives
    reset,      // both ends are reset
    half_open,  // this direction is silent: its bytes and its end are dropped
    garbage,    // random bytes are inserted
  };
  Then then = Then::go_on;
  std::uint64_t after = 0;
  std::size_t garbage_bytes = 64;
  leash::Duration silence = leash::Duration::max();  // half_open: then both ends are reset
};

struct Script {
  Faults to_server = {};
  Faults to_client = {};
};

// Called for each connection, the first of which is 1.
using Rule = std::function<Script(int connection, std::mt19937_64& random)>;

// For long runs: most connections have no fault, some have one of each kind, at a random place in the first few
// kilobytes. No fault lasts longer than two seconds.
Script mixed_faults(int connection, std::mt19937_64& random);

class FaultProxy {
 public:
  FaultProxy(std::uint16_t server_port, Rule rule, std::uint64_t seed = 1);
  // The same for each connection.
  FaultProxy(std::uint16_t server_port, const Script& script, std::uint64_t seed = 1);
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;
  ~FaultProxy();

  std::uint16_t port() const noexcept;

  int accepted() const noexcept;  // connections, ever
  int open() const noexcept;      // now
  int faults() const noexcept;    // events that have happened
  std::uint64_t bytes_to_server() const noexcept;
  std::uint64_t bytes_to_client() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace support
