// SPDX-License-Identifier: BSL-1.0
#include "leash/detail/one_asio.hpp"

namespace leash::detail {
inline namespace LEASH_FLAVOR {

template <int Version, bool NoDeprecated, bool Threads, bool IoUring, bool HandlerTracking>
void LeashWasCompiledWithAnotherAsio<Version, NoDeprecated, Threads, IoUring, HandlerTracking>::here() {}

template struct LeashWasCompiledWithAnotherAsio<asio_version, asio_no_deprecated, asio_threads, asio_io_uring,
                                                asio_handler_tracking>;

}  // namespace LEASH_FLAVOR
}  // namespace leash::detail
