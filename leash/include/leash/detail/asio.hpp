// SPDX-License-Identifier: BSL-1.0
#pragma once
// Which Asio a source file uses, and what leash needs of it. Internal.
//
// What it is     leash::asio is Asio, or Boost.Asio where the target leash::boost defines LEASH_BOOST. What names a type of
//                either is in the inline namespace LEASH_FLAVOR, so that both can be in one program.
// Guarantees     a source file that was compiled with an Asio that does not fit the library is not linked:
//                leash/detail/one_asio.hpp.

#include <exception>
#include <optional>
#include <system_error>
#include <type_traits>

#include "leash/detail/event_loop.hpp"
#include "leash/detail/loop_state.hpp"
#include "leash/error.hpp"

#ifdef LEASH_BOOST
#  include <boost/asio/associated_allocator.hpp>
#  include <boost/asio/associated_cancellation_slot.hpp>
#  include <boost/asio/associated_executor.hpp>
#  include <boost/asio/async_result.hpp>
#  include <boost/asio/bind_cancellation_slot.hpp>
#  include <boost/asio/cancellation_signal.hpp>
#  include <boost/asio/cancellation_type.hpp>
#  include <boost/asio/error.hpp>
#  include <boost/asio/io_context.hpp>
#  include <boost/asio/ip/basic_resolver_results.hpp>
#  include <boost/system/error_code.hpp>
#  include <boost/system/system_error.hpp>
#  define LEASH_FLAVOR on_boost
#else
#  include <asio/associated_allocator.hpp>
#  include <asio/associated_cancellation_slot.hpp>
#  include <asio/associated_executor.hpp>
#  include <asio/async_result.hpp>
#  include <asio/bind_cancellation_slot.hpp>
#  include <asio/cancellation_signal.hpp>
#  include <asio/cancellation_type.hpp>
#  include <asio/io_context.hpp>
#  include <asio/ip/basic_resolver_results.hpp>
#  define LEASH_FLAVOR on_asio
#endif

namespace leash {

#ifdef LEASH_BOOST
namespace asio = ::boost::asio;
#else
namespace asio = ::asio;
#endif

namespace detail {

// A code of the standard library's, of Boost's, or of any other that becomes one of the standard library's.
template <class T>
concept IsErrorCode = std::is_convertible_v<const T&, std::error_code> && requires(const T& code) {
  code.value();
  code.category();
};

inline namespace LEASH_FLAVOR {

#ifdef LEASH_BOOST
inline constexpr Flavor this_flavor = Flavor::boost;
using AsioError = boost::system::error_code;
using AsioSystemError = boost::system::system_error;
#else
inline constexpr Flavor this_flavor = Flavor::asio;
using AsioError = std::error_code;
using AsioSystemError = std::system_error;
#endif

inline void check_flavor(const LoopState& loop) noexcept {
  check(loop.flavor() == this_flavor,
        "Asio and Boost.Asio were mixed: a loop, and the contexts and tasks of it, take operations and "
        "coroutines of the one that its io_context is of");
}
inline asio::io_context& io_context_of(const LoopState& loop) noexcept {
  return static_cast<asio::io_context&>(*static_cast<asio::execution_context*>(loop.execution_context()));
}

// The code of a system_error, the standard library's or Asio's.
inline std::optional<std::error_code> code_in(const std::exception_ptr& exception) noexcept {
  try {
    std::rethrow_exception(exception);
  } catch (const std::system_error& e) {
    return e.code();
#ifdef LEASH_BOOST
  } catch (const boost::system::system_error& e) {
    return std::error_code(e.code());
#endif
  } catch (...) {  // it has none
    return std::nullopt;
  }
}

}  // namespace LEASH_FLAVOR
}  // namespace detail
}  // namespace leash
