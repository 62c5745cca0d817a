# SPDX-License-Identifier: BSL-1.0
# How every target of this project is built.

set(LEASH_SANITIZE "" CACHE STRING "asan (with UBSan), tsan, or empty")
set_property(CACHE LEASH_SANITIZE PROPERTY STRINGS "" asan tsan)

# These are for this project's own build: as a part of another project it takes that one's flags.
if(PROJECT_IS_TOP_LEVEL)
  find_program(CCACHE_PROGRAM ccache)
  if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  endif()

  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # Large pages for clang's own memory: an eighth less time.
    list(PREPEND CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env GLIBC_TUNABLES=glibc.malloc.hugetlb=1)
  endif()

  if(LEASH_SANITIZE STREQUAL "asan")
    # Not vptr: it probes memory by a pipe, and so calls an object bad where no descriptor is free, as in some tests.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=address,undefined)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
      add_compile_options(-fsanitize-ignorelist=${CMAKE_CURRENT_LIST_DIR}/ubsan_ignorelist.txt)
    else() # GCC: the sanitizers' own branches make it see uses that cannot happen.
      add_compile_options(-Wno-maybe-uninitialized)
    endif()
  elseif(LEASH_SANITIZE STREQUAL "tsan")
    add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
    add_link_options(-fsanitize=thread)
  elseif(LEASH_SANITIZE)
    message(FATAL_ERROR "LEASH_SANITIZE=${LEASH_SANITIZE}: allowed are asan, tsan or nothing")
  endif()
  if(LEASH_SANITIZE)
    add_compile_definitions(LEASH_SANITIZED) # GCC 12 and clang-19 have no macro in common that says so
    # There is much to link under a sanitizer; clang's own linker takes a fifth of the time.
    find_program(LLD_PROGRAM NAMES ld.lld-19 ld.lld)
    if(LLD_PROGRAM AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
      add_link_options(--ld-path=${LLD_PROGRAM})
    endif()
  endif()

  if(LEASH_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link) # what the programs in tests/fuzz/ call is to be seen by libFuzzer, too
  endif()

  # Paths in debug information, too, are relative to the top source folder.
  add_compile_options(-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
endif()

add_library(leash_warnings INTERFACE)
if(PROJECT_IS_TOP_LEVEL)
  target_compile_options(leash_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Werror
    # Where sources are compiled together, one's local names may be those of another's unnamed namespace.
    $<IF:$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>,$<$<CXX_COMPILER_ID:GNU>:-Wshadow=local>,-Wshadow>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # Warns of "literal" + std::string where nothing overlaps (GCC bug 105651, mended in 13).
    target_compile_options(leash_warnings INTERFACE -Wno-restrict)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # libstdc++ 12's std::stable_sort uses what it deprecates itself; only GCC heeds that it says so.
    target_compile_options(leash_warnings INTERFACE -Wno-deprecated-declarations)
  endif()
endif()

# Many sources in one compilation: a build from scratch takes half the time, one after an edit takes longer.
# The price: names in the unnamed namespaces of one target must differ; where two cannot,
# set_source_files_properties(one.cpp PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON). And no source is seen to compile by
# itself: that takes a build without.
option(LEASH_UNITY "compile the sources of a target together" OFF)

# clang then spends a third of its time in headers of others; these are read once. (GCC 12 gains nothing by it, and
# clang-tidy loses: it looks at all that is in them.)
option(LEASH_PRECOMPILE "with LEASH_UNITY: precompile the headers of others" OFF)
if(LEASH_PRECOMPILE)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "LEASH_PRECOMPILE is for clang, not for ${CMAKE_CXX_COMPILER_ID}")
  endif()
  # For ccache, which leaves alone what uses precompiled headers unless it is told that it may not.
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>")
  if(CMAKE_CXX_COMPILER_LAUNCHER)
    list(PREPEND CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros)
  endif()
endif()

# leash_precompile(leash_precompiled HEADERS ... LINK ...): the headers, precompiled, for other targets to use.
function(leash_precompile target)
  cmake_parse_arguments(ARG "" "" "HEADERS;LINK" ${ARGN})
  file(CONFIGURE OUTPUT ${target}.cpp CONTENT "" @ONLY)
  add_library(${target} OBJECT ${CMAKE_CURRENT_BINARY_DIR}/${target}.cpp)
  target_link_libraries(${target} PRIVATE ${ARG_LINK} leash_warnings)
  target_precompile_headers(${target} PRIVATE ${ARG_HEADERS})
endfunction()

function(leash_unity target precompiled)
  if(NOT LEASH_UNITY)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE
      -Wno-subobject-linkage           # an unnamed namespace of a source that is included is no mistake here
      --param=ggc-min-heapsize=1048576) # KiB; a sixth less time, but up to 1.8 GB for one compilation
  endif()
  if(LEASH_PRECOMPILE)
    target_precompile_headers(${target} REUSE_FROM ${precompiled})
  endif()
endfunction()

# Each header for users compiles alone. Where a source of the same stem is in the target, that source shows it: it includes
# its header first (tests/project/own_header_first_test.sh). For each other header in these folders one source is generated.
# (Once is enough: not again without tests or under a sanitizer, nor where this project is a part of another one.)
function(leash_check_headers target)
  cmake_parse_arguments(ARG "" "" "FOLDERS;SOURCES" ${ARGN})
  if(NOT LEASH_TESTS OR LEASH_SANITIZE OR NOT PROJECT_IS_TOP_LEVEL)
    return()
  endif()
  list(TRANSFORM ARG_SOURCES REPLACE "^.*/|[.]cpp$" "" OUTPUT_VARIABLE stems)
  set(generated)
  foreach(folder IN LISTS ARG_FOLDERS)
    file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.hpp)
    foreach(header IN LISTS headers)
      cmake_path(GET header STEM stem)
      if(NOT stem IN_LIST stems)
        string(MAKE_C_IDENTIFIER ${folder}_${stem} name)
        set(source ${CMAKE_CURRENT_BINARY_DIR}/alone/${name}.cpp)
        file(CONFIGURE OUTPUT ${source} CONTENT "#include \"@header@\"  // IWYU pragma: keep\n" @ONLY)
        list(APPEND generated ${source})
      endif()
    endforeach()
  endforeach()
  if(generated)
    add_library(${target}_headers OBJECT ${generated})
    target_link_libraries(${target}_headers PRIVATE ${target} leash_warnings)
    target_include_directories(${target}_headers PRIVATE ${PROJECT_SOURCE_DIR})
  endif()
endfunction()

# leash_library(leash_units ALIAS leash::units [INCLUDE include] [COMPONENT gtest] [HEADERS folder ...] SOURCES ... LINK ...)
# INCLUDE is the folder that users have on their include path; without it the library is for this project, whose headers are
# included by their path from its top. HEADERS are the folders of users' headers. A library that is COLD does
# what people ask for, not what each request takes, so it is optimized less, which takes half the time. One that is a
# COMPONENT is installed (LeashPackage.cmake), and shared if BUILD_SHARED_LIBS says so, but for a STATIC_ONLY one.
function(leash_library target)
  cmake_parse_arguments(ARG "COLD;STATIC_ONLY" "ALIAS;INCLUDE;COMPONENT" "SOURCES;HEADERS;LINK" ${ARGN})
  set(type STATIC)
  if(ARG_COMPONENT AND BUILD_SHARED_LIBS AND NOT ARG_STATIC_ONLY)
    set(type SHARED)
  endif()
  add_library(${target} ${type} ${ARG_SOURCES})
  add_library(${ARG_ALIAS} ALIAS ${target})
  # Also what is not installed becomes a part of libraries that are. Functions are called and inlined as if it were not so.
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_compile_options(${target} PRIVATE -fno-semantic-interposition)
  if(ARG_INCLUDE)
    target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/${ARG_INCLUDE}>
      PRIVATE ${PROJECT_SOURCE_DIR})
  else()
    target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR})
  endif()
  target_link_libraries(${target} PUBLIC ${ARG_LINK} PRIVATE $<BUILD_INTERFACE:leash_warnings>)
  target_compile_features(${target} PUBLIC cxx_std_23)
  # A source location, and so a site, is relative to the top source folder of the project that is built.
  target_compile_options(${target} PUBLIC
    "$<BUILD_INTERFACE:$<$<COMPILE_LANG_AND_ID:CXX,GNU,Clang,AppleClang>:-fmacro-prefix-map=${CMAKE_SOURCE_DIR}/=>>")
  if(ARG_COLD)
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
  if(ARG_COMPONENT)
    leash_component(${target} ${ARG_COMPONENT})
  endif()
  leash_check_headers(${target} FOLDERS ${ARG_HEADERS} SOURCES ${ARG_SOURCES})
  leash_unity(${target} leash_precompiled)
endfunction()

# leash_test(http_parser_test SOURCES parser_test.cpp LINK leash::http): a GoogleTest binary, each test known to ctest.
# Where all is built from scratch, and under a sanitizer, a quarter of them at a time runs in one process: its start
# takes longer than most tests.
# A test's own code need not be fast, so it is compiled in half the time; but for OPTIMIZED ones, in which what the library
# has in headers is instantiated and so tested. COST is the seconds that a quarter takes: the longest start first.
function(leash_test target)
  cmake_parse_arguments(ARG "OPTIMIZED" "COST" "SOURCES;LINK" ${ARGN})
  add_executable(${target} ${ARG_SOURCES})
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${target} PRIVATE ${ARG_LINK} leash_test_main GTest::gmock leash_warnings)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:$<IF:$<BOOL:${ARG_OPTIMIZED}>,-O1,-O0>>)
  leash_unity(${target} leash_test_precompiled)
  if(LEASH_SANITIZE OR LEASH_UNITY)
    foreach(quarter RANGE 3)
      add_test(NAME ${target}.${quarter} COMMAND ${target} --gtest_brief=1)
      set_tests_properties(${target}.${quarter} PROPERTIES TIMEOUT 300
        ENVIRONMENT "GTEST_TOTAL_SHARDS=4;GTEST_SHARD_INDEX=${quarter}")
      if(ARG_COST)
        set_tests_properties(${target}.${quarter} PROPERTIES COST ${ARG_COST})
      endif()
    endforeach()
  else()
    gtest_discover_tests(${target} NO_PRETTY_VALUES DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 120)
  endif()
endfunction()
