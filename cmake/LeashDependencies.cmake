# SPDX-License-Identifier: BSL-1.0
# All dependencies are Debian packages, which scripts/bootstrap installs. Nothing is fetched at build time.

find_package(Threads REQUIRED)
if(LEASH_SERVICE)
  set(of_service REQUIRED)
  find_package(CLI11 REQUIRED)
  find_package(spdlog REQUIRED)
  find_package(ZLIB REQUIRED)
  find_package(fmt REQUIRED)
  find_package(OpenSSL REQUIRED)
else()
  set(of_service QUIET)
endif()
find_package(nlohmann_json ${of_service})
find_package(Boost 1.80 CONFIG QUIET) # the headers, for leash::boost
find_package(prometheus-cpp ${of_service})
if(LEASH_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
else()
  find_package(GTest QUIET)
endif()
if(LEASH_BENCH)
  find_package(benchmark REQUIRED)
endif()

# The Asio of the program that is built: header-only without definitions, or a target of its own (LEASH_ASIO_TARGET).
# A definition such as ASIO_NO_DEPRECATED changes the layout of Asio's types, so it must be the same in the whole program.
add_library(leash_asio INTERFACE)
if(LEASH_ASIO_TARGET)
  target_link_libraries(leash_asio INTERFACE ${LEASH_ASIO_TARGET})
else()
  find_path(ASIO_INCLUDE_DIR asio.hpp REQUIRED)
  target_include_directories(leash_asio SYSTEM INTERFACE ${ASIO_INCLUDE_DIR})
  # Asio defines it by itself, but only where a standard header was included before. Without it a source frees memory in
  # another way than the libraries get it, which AddressSanitizer reports.
  target_compile_definitions(leash_asio INTERFACE ASIO_HAS_STD_ALIGNED_ALLOC=1)
endif()
# With clang, Asio 1.22 has awaitables only with this definition. It adds to Asio and changes nothing.
target_compile_definitions(leash_asio INTERFACE $<$<COMPILE_LANG_AND_ID:CXX,Clang>:ASIO_HAS_CO_AWAIT>)
target_link_libraries(leash_asio INTERFACE Threads::Threads)
if(LEASH_SANITIZE STREQUAL "asan")
  add_library(leash_asan_options STATIC ${PROJECT_SOURCE_DIR}/cmake/asan_options.cpp)
  target_link_libraries(leash_asio INTERFACE leash_asan_options)
  target_link_options(leash_asio INTERFACE -Wl,--undefined=__asan_default_options)
endif()

if(NOT LEASH_SERVICE)
  return() # the rest is for HTTP
endif()

# llhttp: Debian 13 has the library (libllhttp-dev); Debian 12 ships its C sources in node-llhttp.
# Strict mode is a compile-time option of 8.1, for its sources and for every source that includes it.
find_package(llhttp QUIET CONFIG)
# Debian's package describes its shared library only. The archive beside it is preferred: the inspector contains it, hidden
# from a program that has a llhttp of its own.
find_library(LEASH_LLHTTP_ARCHIVE libllhttp.a)
if(TARGET llhttp::llhttp_shared AND NOT TARGET llhttp::llhttp_static AND LEASH_LLHTTP_ARCHIVE)
  add_library(llhttp::llhttp_static STATIC IMPORTED)
  get_target_property(include_dirs llhttp::llhttp_shared INTERFACE_INCLUDE_DIRECTORIES)
  set_target_properties(llhttp::llhttp_static PROPERTIES
    IMPORTED_LOCATION ${LEASH_LLHTTP_ARCHIVE} INTERFACE_INCLUDE_DIRECTORIES "${include_dirs}")
endif()
if(TARGET llhttp::llhttp_shared OR TARGET llhttp::llhttp_static OR TARGET llhttp::llhttp)
  add_library(leash_llhttp INTERFACE)
  foreach(candidate llhttp::llhttp_static llhttp::llhttp_shared llhttp::llhttp)
    if(TARGET ${candidate})
      target_link_libraries(leash_llhttp INTERFACE ${candidate})
      get_target_property(type ${candidate} TYPE)
      if(type STREQUAL "STATIC_LIBRARY")
        set(LEASH_LLHTTP_STATIC ${candidate})
      endif()
      break()
    endif()
  endforeach()
else()
  find_path(LLHTTP_SOURCE_DIR llhttp.c PATHS /usr/share/llhttp NO_DEFAULT_PATH)
  find_path(LLHTTP_INCLUDE_DIR llhttp.h PATHS /usr/share/include/llhttp NO_DEFAULT_PATH)
  if(NOT LLHTTP_SOURCE_DIR OR NOT LLHTTP_INCLUDE_DIR)
    message(FATAL_ERROR "llhttp is missing: install libllhttp-dev (Debian 13) or node-llhttp (Debian 12); scripts/bootstrap does it")
  endif()
  add_library(leash_llhttp STATIC
    ${LLHTTP_SOURCE_DIR}/api.c ${LLHTTP_SOURCE_DIR}/http.c ${LLHTTP_SOURCE_DIR}/llhttp.c)
  target_include_directories(leash_llhttp SYSTEM PUBLIC ${LLHTTP_INCLUDE_DIR})
  target_compile_definitions(leash_llhttp PUBLIC LLHTTP_STRICT_MODE=1)
  target_compile_options(leash_llhttp PRIVATE -w)
  set_target_properties(leash_llhttp PROPERTIES POSITION_INDEPENDENT_CODE ON)
  set(LEASH_LLHTTP_STATIC leash_llhttp)
endif()
add_library(leash::llhttp ALIAS leash_llhttp)
find_file(LEASH_LLHTTP_COPYRIGHT copyright PATHS /usr/share/doc/libllhttp-dev /usr/share/doc/node-llhttp NO_DEFAULT_PATH REQUIRED)

# libdw and libelf: read processes and core files from outside.
find_path(LIBDW_INCLUDE_DIR elfutils/libdwelf.h REQUIRED)
find_library(LIBDW_LIBRARY dw REQUIRED)
find_library(LIBELF_LIBRARY elf REQUIRED)
add_library(leash_libdw INTERFACE)
target_include_directories(leash_libdw SYSTEM INTERFACE ${LIBDW_INCLUDE_DIR})
target_link_libraries(leash_libdw INTERFACE ${LIBDW_LIBRARY} ${LIBELF_LIBRARY})

# protozero: headers only.
find_path(PROTOZERO_INCLUDE_DIR protozero/pbf_writer.hpp REQUIRED)
add_library(leash_protozero INTERFACE)
target_include_directories(leash_protozero SYSTEM INTERFACE ${PROTOZERO_INCLUDE_DIR})

# Precompiled for unity builds, see LeashTargets.cmake.
if(LEASH_PRECOMPILE)
  set(heavy
    <algorithm> <array> <charconv> <chrono> <cmath> <cstdio> <deque> <expected> <functional> <map> <memory> <optional>
    <random> <set> <span> <sstream> <string> <thread> <variant> <vector>
    <asio/co_spawn.hpp> <asio/io_context.hpp> <asio/ip/tcp.hpp> <asio/post.hpp> <asio/read.hpp> <asio/signal_set.hpp>
    <asio/steady_timer.hpp> <asio/write.hpp>
    <nlohmann/json.hpp>)
  leash_precompile(leash_precompiled HEADERS ${heavy} LINK leash_asio nlohmann_json::nlohmann_json)
  set_target_properties(leash_precompiled PROPERTIES POSITION_INDEPENDENT_CODE ON) # as the libraries that use it
  if(LEASH_TESTS)
    leash_precompile(leash_test_precompiled HEADERS ${heavy} <gmock/gmock.h> <gtest/gtest.h>
      LINK leash_asio nlohmann_json::nlohmann_json GTest::gmock)
  endif()
endif()
