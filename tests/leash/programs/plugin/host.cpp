// SPDX-License-Identifier: BSL-1.0
// Loads, uses and unloads the library whose path it is given. The reports must still name its coroutine.

#include <dlfcn.h>

#include <asio.hpp>
#include <iostream>
#include <string>

#include "leash/coroutines.hpp"

static asio::awaitable<void> work_of_host() {
  const auto executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::use_awaitable);
}

int main(int, char** arguments) {
  asio::io_context io;
  asio::co_spawn(io, work_of_host(), asio::detached);
  io.run();
  io.restart();
  void* const library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    std::cerr << dlerror() << "\n";
    return 1;
  }
  reinterpret_cast<void (*)(asio::io_context&)>(dlsym(library, "run_plugin"))(io);
  dlclose(library);

  std::string functions;
  for (const leash::CoroutineSite& site : leash::coroutine_sites()) functions += site.place.function + "\n";
  std::cout << functions;
  return functions.find("work_of_plugin") == std::string::npos ? 1 : 0;
}
