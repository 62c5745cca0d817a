# How every target of this project is built.

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

set(LEASH_SANITIZE "" CACHE STRING "asan (with UBSan), tsan, or empty")
set_property(CACHE LEASH_SANITIZE PROPERTY STRINGS "" asan tsan)
if(LEASH_SANITIZE STREQUAL "asan")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
  # GCC: the sanitizers' own branches make it see uses that cannot happen.
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
elseif(LEASH_SANITIZE STREQUAL "tsan")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
  # Asio orders its queues with fences that ThreadSanitizer models only in part; GCC warns of each.
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
elseif(LEASH_SANITIZE)
  message(FATAL_ERROR "LEASH_SANITIZE=${LEASH_SANITIZE}: allowed are asan, tsan or nothing")
endif()

if(LEASH_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link) # what the programs in tests/fuzz/ call is to be seen by libFuzzer, too
endif()

# Paths in source locations, and so in metrics and reports, are relative to the source root.
add_compile_options(-fmacro-prefix-map=${CMAKE_SOURCE_DIR}/= -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)

add_library(leash_warnings INTERFACE)
target_compile_options(leash_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # Warns of "literal" + std::string where nothing overlaps (GCC bug 105651, mended in 13).
  target_compile_options(leash_warnings INTERFACE -Wno-restrict)
endif()

# Each public header compiles alone: one generated source a header, built with everything else.
# (Once is enough: not again under a sanitizer.)
function(leash_check_headers target)
  if(LEASH_SANITIZE)
    return()
  endif()
  set(sources)
  foreach(header IN LISTS ARGN)
    string(MAKE_C_IDENTIFIER ${header} stem)
    set(source ${CMAKE_CURRENT_BINARY_DIR}/alone/${stem}.cpp)
    file(CONFIGURE OUTPUT ${source} CONTENT "#include \"@header@\"  // IWYU pragma: keep\n" @ONLY)
    list(APPEND sources ${source})
  endforeach()
  add_library(${target}_headers OBJECT ${sources})
  target_link_libraries(${target}_headers PRIVATE ${target} leash_warnings)
endfunction()

# leash_library(leash_http ALIAS leash::http SOURCES ... HEADERS ... LINK ...)
# HEADERS are paths from the source root, as they are included.
function(leash_library target)
  cmake_parse_arguments(ARG "" "ALIAS" "SOURCES;HEADERS;LINK" ${ARGN})
  add_library(${target} STATIC ${ARG_SOURCES})
  add_library(${ARG_ALIAS} ALIAS ${target})
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${target} PUBLIC ${ARG_LINK} PRIVATE leash_warnings)
  leash_check_headers(${target} ${ARG_HEADERS})
endfunction()

# leash_test(http_parser_test SOURCES parser_test.cpp LINK leash::http): a GoogleTest binary, each test known to ctest.
function(leash_test target)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;PROPERTIES" ${ARGN})
  add_executable(${target} ${ARG_SOURCES})
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_link_libraries(${target} PRIVATE ${ARG_LINK} leash_test_main GTest::gmock leash_warnings)
  gtest_discover_tests(${target} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 120 ${ARG_PROPERTIES})
endfunction()
