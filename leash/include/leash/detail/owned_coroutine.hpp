// SPDX-License-Identifier: BSL-1.0
// leash::co_spawn for one flavor of Asio. Internal: leash/co_spawn.hpp and leash/boost_co_spawn.hpp include it.

#ifndef LEASH_CO_SPAWN_ASIO
#  include "leash/co_spawn.hpp"  // this header alone
#else

#  include <exception>
#  include <memory>
#  include <optional>
#  include <type_traits>
#  include <typeinfo>
#  include <utility>

#  include "leash/detail/coroutine_record.hpp"
#  include "leash/detail/owner_state.hpp"
#  include "leash/owner.hpp"

namespace leash::detail::LEASH_CO_SPAWN_FLAVOR {
struct Peek;
}

// Asio gives its own frames access to the frame of an awaitable. This one only returns its address.
template <class Executor>
class LEASH_CO_SPAWN_ASIO::detail::awaitable_frame<leash::detail::LEASH_CO_SPAWN_FLAVOR::Peek, Executor> {
 public:
  template <class T>
  static const void* frame_of(const awaitable<T, Executor>& coroutine) noexcept {
    return static_cast<awaitable_frame_base<Executor>*>(coroutine.frame_);
  }
};

namespace leash {
namespace detail::LEASH_CO_SPAWN_FLAVOR {

namespace io = ::LEASH_CO_SPAWN_ASIO;

// Called by co_spawn to get its coroutine, just before it starts.
template <class T, class Executor>
class OwnedCoroutine {
 public:
  OwnedCoroutine(io::awaitable<T, Executor>&& coroutine, Ownership ownership, std::shared_ptr<void> tie)
      : coroutine_(std::move(coroutine)), ownership_(std::move(ownership)), tie_(std::move(tie)) {}
  io::awaitable<T, Executor> operator()() {
    coroutine_thread.owned_frame = io::detail::awaitable_frame<Peek, Executor>::frame_of(coroutine_);
    coroutine_thread.ownership = &ownership_;
    return std::move(coroutine_);
  }

 private:
  io::awaitable<T, Executor> coroutine_;
  Ownership ownership_;
  std::shared_ptr<void> tie_;  // ends the owner; kept until the coroutine has ended
};

// Connects a coroutine with its owner until the coroutine ends.
template <class Executor>
class Charge final : public OwnerWatcher, public std::enable_shared_from_this<Charge<Executor>> {
 public:
  Charge(std::shared_ptr<OwnerState> owner, const Executor& executor)
      : owner_(std::move(owner)), executor_(executor) {}
  ~Charge() { owner_->unwatch(place_); }

  void begin() { place_ = owner_->watch(this->shared_from_this()); }
  void owner_ended() override {
    io::post(executor_, [weak = this->weak_from_this()] {
      if (const auto self = weak.lock()) self->signal.emit(io::cancellation_type::terminal);
    });
  }

  io::cancellation_signal signal;

 private:
  const std::shared_ptr<OwnerState> owner_;
  const Executor executor_;
  OwnerState::Watchers::iterator place_;
};

template <class Handler, class Executor>
class ChargedHandler {
 public:
  ChargedHandler(Handler&& handler, std::shared_ptr<Charge<Executor>> charge, const Executor& executor)
      : handler_(std::move(handler)), charge_(std::move(charge)), executor_(executor) {}

  using executor_type = io::associated_executor_t<Handler, Executor>;
  using cancellation_slot_type = io::cancellation_slot;
  executor_type get_executor() const noexcept { return io::get_associated_executor(handler_, *executor_); }
  cancellation_slot_type get_cancellation_slot() const noexcept { return charge_->signal.slot(); }

  template <class... Args>
  void operator()(Args&&... args) {
    io::get_associated_cancellation_slot(handler_).clear();
    // It keeps nothing of the execution context. With use_future the handler runs on another thread, and the thread
    // that takes the value may destroy the context before this object.
    charge_.reset();
    executor_.reset();
    std::move(handler_)(std::forward<Args>(args)...);
  }

 private:
  Handler handler_;
  std::shared_ptr<Charge<Executor>> charge_;
  std::optional<Executor> executor_;
};

// Compares target_type, because target<T>() of Asio 1.22 returns a pointer for any type.
inline bool is_a_strand(const io::any_io_executor& executor) noexcept {
  const auto& type = executor.target_type();
  return type == typeid(io::strand<io::any_io_executor>) ||
         type == typeid(io::strand<io::io_context::executor_type>) ||
         type == typeid(io::strand<io::thread_pool::executor_type>);
}

struct SpawnOwned {
  template <class Handler, class Executor, class T>
  void operator()(Handler&& handler, std::shared_ptr<OwnerState> owner, std::shared_ptr<void> tie,
                  Executor executor, io::awaitable<T, Executor> coroutine) const {
    if constexpr (std::is_same_v<Executor, io::any_io_executor>) {
      if (!is_a_strand(executor)) executor = io::strand<io::any_io_executor>(executor);
    }
    auto charge = std::make_shared<Charge<Executor>>(owner, executor);
    charge->begin();
    auto outer = io::get_associated_cancellation_slot(handler);
    if (outer.is_connected()) {
      outer.assign([weak = std::weak_ptr(charge)](io::cancellation_type type) {
        if (const auto kept = weak.lock()) kept->signal.emit(type);
      });
    }
    Ownership ownership{std::move(owner), charge, {}};
    OwnedCoroutine<T, Executor> owned(std::move(coroutine), std::move(ownership), std::move(tie));
    using Charged = ChargedHandler<std::decay_t<Handler>, Executor>;
    std::decay_t<Handler> kept(std::forward<Handler>(handler));
    io::co_spawn(executor, std::move(owned), Charged(std::move(kept), std::move(charge), executor));
  }
};

template <class T>
struct SignatureOf {
  using type = void(std::exception_ptr, T);
};
template <>
struct SignatureOf<void> {
  using type = void(std::exception_ptr);
};

template <class Executor, class T, class Of, class Token>
auto spawn(std::shared_ptr<OwnerState> owner, std::shared_ptr<void> tie, const Executor& executor,
           io::awaitable<T, Of>&& coroutine, Token&& token) {
  return io::async_initiate<Token, typename SignatureOf<T>::type>(
      SpawnOwned(), token, std::move(owner), std::move(tie), Of(executor), std::move(coroutine));
}
template <class Executor, class T, class Of, class Token>
auto spawn_observed(std::shared_ptr<OwnerState> owner, std::shared_ptr<void> tie, const Executor& executor,
                    io::awaitable<T, Of>&& coroutine, Token&& token) {
  Ownership ownership{std::move(owner), {}, {}};
  return io::co_spawn(executor,
                      OwnedCoroutine<T, Of>(std::move(coroutine), std::move(ownership), std::move(tie)),
                      std::forward<Token>(token));
}

}  // namespace detail::LEASH_CO_SPAWN_FLAVOR

template <class Executor, class T, class Of, class Token>
requires std::is_convertible_v<const Executor&, Of>
auto co_spawn(const Owner& owner, const Executor& executor, ::LEASH_CO_SPAWN_ASIO::awaitable<T, Of> coroutine,
              Token&& token) {
  return detail::LEASH_CO_SPAWN_FLAVOR::spawn(owner.shared_state(), nullptr, executor, std::move(coroutine),
                                              std::forward<Token>(token));
}
template <class Executor, class T, class Of, class Token>
requires std::is_convertible_v<const Executor&, Of>
auto co_spawn(const ObservedOwner& owner, const Executor& executor,
              ::LEASH_CO_SPAWN_ASIO::awaitable<T, Of> coroutine, Token&& token) {
  return detail::LEASH_CO_SPAWN_FLAVOR::spawn_observed(owner.state, nullptr, executor, std::move(coroutine),
                                                       std::forward<Token>(token));
}
template <class OwnerKind, class Context, class T, class Of, class Token>
requires std::is_convertible_v<Context&, ::LEASH_CO_SPAWN_ASIO::execution_context&>
auto co_spawn(const OwnerKind& owner, Context& context, ::LEASH_CO_SPAWN_ASIO::awaitable<T, Of> coroutine,
              Token&& token) {
  return leash::co_spawn(owner, context.get_executor(), std::move(coroutine), std::forward<Token>(token));
}

}  // namespace leash

#endif
