#!/usr/bin/env bash
# A project of somebody else's that has leash as a subdirectory, as the README says.
# shellcheck source=tests/project/check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

cat >"$scratch/CMakeLists.txt" <<TEXT
cmake_minimum_required(VERSION 3.25)
project(service CXX)
add_subdirectory($PWD leash)
add_executable(service service.cpp)
target_link_libraries(service PRIVATE leash::leash)
foreach(adapter json prometheus gtest)
  if(NOT TARGET leash::\${adapter})
    message(FATAL_ERROR "no leash::\${adapter}")
  endif()
endforeach()
if(TARGET leash-server)
  message(FATAL_ERROR "what the subdirectory does not need is there")
endif()
TEXT
cat >"$scratch/service.cpp" <<'TEXT'
#include <asio/io_context.hpp>
#include <chrono>
#include <cstdio>

#include "leash/go.hpp"
#include "leash/loop.hpp"
#include "leash/sleep.hpp"

leash::Task<> answer(leash::Context ctx) {
  const auto slept = co_await leash::sleep(ctx, std::chrono::milliseconds(1));
  if (slept) std::puts("slept");
}

int main() {
  asio::io_context io{1};
  leash::Loop loop{io};
  leash::go(loop.background(), answer(loop.background()));
  io.run();
}
TEXT

run cmake -G Ninja -S "$scratch" -B "$scratch/build" -DLEASH_UNITY=ON
status_is 0
run cmake --build "$scratch/build" --target service
status_is 0
run "$scratch/build/service"
status_is 0
output_says '^slept$'
