// SPDX-License-Identifier: BSL-1.0
// The promises of tracked coroutines, for one flavor of Asio. Internal: leash/awaitables.hpp and
// leash/boost_awaitables.hpp include it, each with its LEASH_AWAITABLES_ASIO and LEASH_AWAITABLES_FLAVOR.
//
// There are three kinds of coroutines, which have different types: a coroutine of the program, which has a record; a
// coroutine that Asio makes of an operation (use_awaitable), which only tells its awaiting frame what is awaited; and
// the coroutine in which co_spawn runs another one, which remembers the caller of co_spawn.
//
// Each promise derives from Asio's and has the same address and alignment, because Asio makes handles from the base.

#ifndef LEASH_AWAITABLES_ASIO
#  include "leash/awaitables.hpp"  // this header alone
#else

#  include <bit>
#  include <concepts>
#  include <coroutine>
#  include <cstddef>
#  include <cstdint>
#  include <exception>
#  include <source_location>
#  include <type_traits>
#  include <utility>

#  include "leash/detail/coroutine_record.hpp"
#  include "leash/detail/operation_kind.hpp"

#  ifndef LEASH_AWAITABLES_VERSION
#    define LEASH_AWAITABLES_VERSION leash_tracking_1
extern "C" const char
    LEASH_AWAITABLES_VERSION;  // undefined where another version of leash::registry is linked
namespace {
[[maybe_unused, gnu::used]] const char* const leash_awaitables_version = &LEASH_AWAITABLES_VERSION;
}
#  endif

namespace leash::detail::LEASH_AWAITABLES_FLAVOR {

namespace net = ::LEASH_AWAITABLES_ASIO;

template <class A>
inline constexpr bool is_awaitable = false;
template <class T, class Executor>
inline constexpr bool is_awaitable<net::awaitable<T, Executor>> = true;

// The address of the execution context of an executor.
template <class Executor>
const void* context_of(const Executor& executor) noexcept {
  using As = net::execution::context_as_t<net::execution_context&>;
  if constexpr (net::can_query<Executor, As>::value) {
    return &static_cast<net::execution_context&>(net::query(executor, As()));
  } else if constexpr (net::can_query<Executor, net::execution::context_t>::value) {
    return &net::query(executor, net::execution::context);
  } else {
    return nullptr;
  }
}

// Awaits a coroutine. Asio's awaitable needs the handle of a promise of its own type.
template <class T, class U, class Executor>
class AwaitNested {
 public:
  AwaitNested(net::detail::awaitable_frame_base<Executor>& frame, net::awaitable<U, Executor>&& inner)
      : inner_(frame.await_transform(std::move(inner))) {}
  AwaitNested(AwaitNested&&) noexcept = default;
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  auto await_suspend(std::coroutine_handle<Promise> frame) {
    using Base = net::detail::awaitable_frame<T, Executor>;
    return inner_.await_suspend(
        std::coroutine_handle<Base>::from_promise(static_cast<Base&>(frame.promise())));
  }
  U await_resume() { return inner_.await_resume(); }

 private:
  net::awaitable<U, Executor> inner_;
};

// Awaits anything else that may suspend.
template <class Inner>
class AwaitOperation {
 public:
  AwaitOperation(Inner&& inner, CoroutineRecord* record) : inner_(std::move(inner)), record_(record) {}
  bool await_ready() { return inner_.await_ready(); }
  template <class Promise>
  auto await_suspend(std::coroutine_handle<Promise> frame) {
    return inner_.await_suspend(frame);
  }
  decltype(auto) await_resume() {
    if (record_ && !runs(*record_)) resume(*record_);
    return inner_.await_resume();
  }

 private:
  Inner inner_;
  CoroutineRecord* record_;
};

// Allocates a frame as Asio does, and tells the promise's constructor its size.
template <class Base>
struct FrameMemory {
  static void* allocate(std::size_t size) {
    coroutine_thread.frame_size = static_cast<std::uint16_t>((size + 15) / 16);
    if constexpr (requires { Base::operator new(size); }) {
      return Base::operator new(size);
    } else {
      return ::operator new(size);
    }
  }
  static void release(void* memory, std::size_t size) noexcept {
    if constexpr (requires { Base::operator delete(memory, size); }) {
      Base::operator delete(memory, size);
    } else {
      ::operator delete(memory, size);
    }
  }
};

// A file in Asio's headers. Frames that are defined in the same folder do not belong to the program.
inline void note_library(std::source_location place, std::size_t flavor) noexcept {
  auto& known = leash_coroutines.library[flavor];
  if (known.load(std::memory_order_relaxed) == nullptr) [[unlikely]]
    known.store(place.file_name(), std::memory_order_release);
}
// Awaiters that query the coroutine and do not suspend it.
template <class A>
inline constexpr bool only_asks = says(names_of<A>(), "this_coro") ||
                                  says(names_of<A>(), "awaitable_thread_");

// A coroutine of the program.
template <class T, class Executor>
class FramePromise : public net::detail::awaitable_frame<T, Executor> {
  using Base = net::detail::awaitable_frame<T, Executor>;

 public:
  explicit FramePromise(std::source_location definition = std::source_location::current()) noexcept
      : record_(make_record(definition)) {
    static_assert(alignof(FramePromise) == alignof(Base));
  }
  ~FramePromise() {
    if (record_ == nullptr) return;
    const bool let_go = this->caller_ != nullptr;  // at its end, a frame has no caller
    end_record(*record_, let_go ? Ending::canceled : has(*record_, threw) ? Ending::error : Ending::returned);
  }

  static void* operator new(std::size_t size) { return FrameMemory<Base>::allocate(size); }
  static void operator delete(void* memory, std::size_t size) { FrameMemory<Base>::release(memory, size); }

  auto initial_suspend() noexcept { return Start(*this); }

  void unhandled_exception() {
    if (record_) set(*record_, threw);
    Base::unhandled_exception();
  }

  // A source_location as a parameter would be kept in the frame, in 8 bytes for each co_await. This pointer is its value.
  template <class U>
  [[gnu::always_inline]] auto await_transform(net::awaitable<U, Executor> inner,
                                              const void* where = __builtin_source_location()) {
    AwaitNested<T, U, Executor> awaiter(*this, std::move(inner));
    waits_at(where);
    return awaiter;
  }
  template <class A>
  requires(!is_awaitable<std::remove_cvref_t<A>>) auto await_transform(
      A&& other, const void* where = __builtin_source_location()) {
    auto awaiter = Base::await_transform(std::forward<A>(other));
    if constexpr (only_asks<std::remove_cvref_t<A>>) {
      return awaiter;
    } else {
      waits_at(where);
      if (record_) put(record_->wait, operation_kind<std::remove_cvref_t<A>>());
      return AwaitOperation<decltype(awaiter)>(std::move(awaiter), record_);
    }
  }

 private:
  // It is kept in the frame, as the promise is. Their distance takes fewer bytes there than an address.
  class Start {
   public:
    explicit Start(FramePromise& promise) noexcept
        : distance_(static_cast<std::uint32_t>(address_of(this) - address_of(&promise))) {}
    Start(const Start&) = delete;
    Start& operator=(const Start&) = delete;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    void await_resume() const noexcept {
      reinterpret_cast<FramePromise*>(address_of(this) - distance_)->begin();
    }

   private:
    static std::uintptr_t address_of(const void* object) noexcept {
      return reinterpret_cast<std::uintptr_t>(object);
    }
    const std::uint32_t distance_;
  };

  void begin() noexcept {
    if (record_ == nullptr) return;
    const bool known = take_awaiting(this->caller_);
    if (known && coroutine_thread.awaiting_record) {
      begin_nested(*record_, *coroutine_thread.awaiting_record);
    } else {
      begin_chain(*record_, context_of(this->attached_thread_->get_executor()), as_base(), known);
    }
  }
  [[gnu::always_inline]] void waits_at(const void* where) noexcept {
    if (record_ != nullptr) [[likely]]
      suspend(*record_, as_base(), std::bit_cast<std::source_location>(where));
  }
  const void* as_base() noexcept { return static_cast<net::detail::awaitable_frame_base<Executor>*>(this); }

  CoroutineRecord* const record_;  // null: not tracked
};

// An operation that use_awaitable made a coroutine of.
template <class T, class Executor, WaitKind kind>
class OperationPromise : public net::detail::awaitable_frame<T, Executor> {
  using Base = net::detail::awaitable_frame<T, Executor>;

 public:
  explicit OperationPromise(std::source_location definition = std::source_location::current()) noexcept {
    static_assert(alignof(OperationPromise) == alignof(Base));
    note_library(definition, LEASH_AWAITABLES_NUMBER);
  }
  ~OperationPromise() {
    if (record_ == nullptr) [[unlikely]]
      return;
    add(record_->size, static_cast<std::uint16_t>(-size_));
    if (this->caller_ == nullptr) [[likely]]  // the operation has its result
      resume(*record_);
  }

  static void* operator new(std::size_t size) { return FrameMemory<Base>::allocate(size); }
  static void operator delete(void* memory, std::size_t size) { FrameMemory<Base>::release(memory, size); }

  template <class A>
  auto await_transform(A&& operation) {
    if constexpr (is_awaitable<
                      std::remove_cvref_t<A>>) {  // a coroutine of the program with a similar signature
      return await_nested(std::move(operation));
    } else {
      begin();
      if constexpr (kind == WaitKind::coroutine || kind == WaitKind::group || kind == WaitKind::task) {
        return Base::await_transform(Spawning<std::remove_cvref_t<A>>(std::forward<A>(operation), record_));
      } else {
        return Base::await_transform(std::forward<A>(operation));
      }
    }
  }

 private:
  // The initiation, which starts coroutines or a task for the frame that awaits the operation. Newer versions of Asio call it
  // when this coroutine has been suspended. Neither may exist when it returns.
  template <class Initiate>
  class Spawning {
   public:
    Spawning(Initiate initiate, CoroutineRecord* record) : initiate_(std::move(initiate)), record_(record) {}
    auto operator()(net::detail::awaitable_frame_base<Executor>* frame) {
      CoroutineRecord* const before = get(coroutine_thread.current);
      if (record_) put(coroutine_thread.current, record_);
      auto* const thread = initiate_(frame);
      put(coroutine_thread.current, before);
      return thread;
    }

   private:
    Initiate initiate_;
    CoroutineRecord* record_;
  };

  template <class U>
  auto await_nested(net::awaitable<U, Executor>&& inner) {
    return AwaitNested<T, U, Executor>(*this, std::move(inner));
  }

  [[gnu::always_inline]] void begin() noexcept {
    if (!take_awaiting(this->caller_) || coroutine_thread.awaiting_record == nullptr) [[unlikely]]
      return;
    CoroutineRecord& record = *coroutine_thread.awaiting_record;
    record_ = &record;
    add(record.size, size_);
    put(record.wait, kind == WaitKind::none ? WaitKind::asio : kind);
    if (has(record, owned)) [[unlikely]]
      operation_begins(record);
  }

  CoroutineRecord* record_ = nullptr;  // of the frame that awaits it
  const std::uint16_t size_ = coroutine_thread.frame_size;
};

// The coroutine in which co_spawn runs another one. It is created inside the call of co_spawn, so by the spawner.
template <class Executor>
class EntryPromise
    : public net::detail::awaitable_frame<net::detail::awaitable_thread_entry_point, Executor> {
  using Entry = net::detail::awaitable_thread_entry_point;
  using Base = net::detail::awaitable_frame<Entry, Executor>;

 public:
  EntryPromise() noexcept { spawner_ = spawner_now(spawner_site_); }

  template <class U>
  auto await_transform(net::awaitable<U, Executor> inner) {
    AwaitNested<Entry, U, Executor> awaiter(*this, std::move(inner));
    CoroutineThread& thread = coroutine_thread;
    thread.awaiting = static_cast<net::detail::awaitable_frame_base<Executor>*>(this);
    thread.awaiting_record = nullptr;
    thread.spawner = spawner_;
    thread.spawner_site = spawner_site_;
    return awaiter;
  }
  template <class A>
  requires(!is_awaitable<std::remove_cvref_t<A>>) auto await_transform(A&& other) {
    return Base::await_transform(std::forward<A>(other));
  }

 private:
  std::uint64_t spawner_ = 0;
  std::uint16_t spawner_site_ = 0;
};

// async_result<use_awaitable_t<Executor>, …>::initiate(Initiation, use_awaitable_t<Executor>, arguments…)
template <class T, class Executor, class... Args>
struct PromiseOf {
  using type = FramePromise<T, Executor>;
};
template <class T, class Executor, class Initiation, class... Args>
requires std::is_class_v<Initiation>
struct PromiseOf<T, Executor, Initiation, net::use_awaitable_t<Executor>, Args...> {
  using type = OperationPromise<T, Executor, operation_kind<Initiation, Args...>()>;
};
template <class Executor, class... Args>
struct PromiseOf<net::detail::awaitable_thread_entry_point, Executor, Args...> {
  using type = EntryPromise<Executor>;
};

}  // namespace leash::detail::LEASH_AWAITABLES_FLAVOR

#  ifndef LEASH_DETAIL_TRACK_EXECUTOR
#    define LEASH_DETAIL_TRACK_EXECUTOR(net, flavor, ...)                                              \
      template <class T, class... Args>                                                                \
      struct std::coroutine_traits<net::awaitable<T, __VA_ARGS__>, Args...> {                          \
        using promise_type = typename leash::detail::flavor::PromiseOf<T, __VA_ARGS__, Args...>::type; \
      };
#  endif

template <class T, class... Args>
struct std::coroutine_traits<LEASH_AWAITABLES_ASIO::awaitable<T, LEASH_AWAITABLES_ASIO::any_io_executor>,
                             Args...> {
  using promise_type =
      typename leash::detail::LEASH_AWAITABLES_FLAVOR::PromiseOf<T, LEASH_AWAITABLES_ASIO::any_io_executor,
                                                                 Args...>::type;
};
template <class T, class Allocator, std::uintptr_t bits, class... Args>
struct std::coroutine_traits<LEASH_AWAITABLES_ASIO::awaitable<
                                 T, LEASH_AWAITABLES_ASIO::io_context::basic_executor_type<Allocator, bits>>,
                             Args...> {
  using promise_type = typename leash::detail::LEASH_AWAITABLES_FLAVOR::PromiseOf<
      T, LEASH_AWAITABLES_ASIO::io_context::basic_executor_type<Allocator, bits>, Args...>::type;
};
template <class T, class Allocator, unsigned bits, class... Args>
struct std::coroutine_traits<LEASH_AWAITABLES_ASIO::awaitable<
                                 T, LEASH_AWAITABLES_ASIO::thread_pool::basic_executor_type<Allocator, bits>>,
                             Args...> {
  using promise_type = typename leash::detail::LEASH_AWAITABLES_FLAVOR::PromiseOf<
      T, LEASH_AWAITABLES_ASIO::thread_pool::basic_executor_type<Allocator, bits>, Args...>::type;
};
template <class T, class Inner, class... Args>
struct std::coroutine_traits<LEASH_AWAITABLES_ASIO::awaitable<T, LEASH_AWAITABLES_ASIO::strand<Inner>>,
                             Args...> {
  using promise_type =
      typename leash::detail::LEASH_AWAITABLES_FLAVOR::PromiseOf<T, LEASH_AWAITABLES_ASIO::strand<Inner>,
                                                                 Args...>::type;
};

#endif
