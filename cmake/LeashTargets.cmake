# SPDX-License-Identifier: BSL-1.0
# How every target of this project is built.

set(LEASH_SANITIZE "" CACHE STRING "asan (with UBSan), tsan, or empty")
set_property(CACHE LEASH_SANITIZE PROPERTY STRINGS "" asan tsan)

# Only for this project's own build. As a part of another project, leash uses the flags of that project.
if(PROJECT_IS_TOP_LEVEL)
  find_program(CCACHE_PROGRAM ccache)
  if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  endif()

  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # Large pages for clang's own memory save an eighth of the time.
    list(PREPEND CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env GLIBC_TUNABLES=glibc.malloc.hugetlb=1)
  endif()

  if(LEASH_SANITIZE STREQUAL "asan")
    # Without vptr: it tests memory through a pipe, so it reports valid objects when no descriptor is free, as in some tests.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=address,undefined)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
      add_compile_options(-fsanitize-ignorelist=${CMAKE_CURRENT_LIST_DIR}/ubsan_ignorelist.txt)
    else() # the branches that the sanitizers add make GCC warn of impossible uses
      add_compile_options(-Wno-maybe-uninitialized)
    endif()
  elseif(LEASH_SANITIZE STREQUAL "tsan")
    add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
    add_link_options(-fsanitize=thread)
  elseif(LEASH_SANITIZE)
    message(FATAL_ERROR "LEASH_SANITIZE=${LEASH_SANITIZE}: allowed are asan, tsan or nothing")
  endif()
  if(LEASH_SANITIZE)
    add_compile_definitions(LEASH_SANITIZED) # GCC 12 and clang-19 have no common macro for it
    # Linking takes long with a sanitizer. lld needs a fifth of the time.
    find_program(LLD_PROGRAM NAMES ld.lld-19 ld.lld)
    if(LLD_PROGRAM AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
      add_link_options(--ld-path=${LLD_PROGRAM})
    endif()
  endif()

  if(LEASH_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link) # libFuzzer must also observe the libraries that tests/fuzz/ calls
  endif()

  # Paths in debug information are relative to the top source folder, too.
  add_compile_options(-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
endif()

add_library(leash_warnings INTERFACE)
if(PROJECT_IS_TOP_LEVEL)
  target_compile_options(leash_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Werror
    # Not with clang in a unity build, which is for the sanitizers: GCC's build has found everything before.
    $<$<OR:$<CXX_COMPILER_ID:GNU>,$<NOT:$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>>>:-Wshadow>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # GCC warns of "literal" + std::string although nothing overlaps (GCC bug 105651, fixed in 13).
    target_compile_options(leash_warnings INTERFACE -Wno-restrict)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # std::stable_sort of libstdc++ 12 uses a function that it deprecates. Only GCC ignores that.
    target_compile_options(leash_warnings INTERFACE -Wno-deprecated-declarations)
  endif()
endif()

# Compiles many sources at once. A build from scratch takes half the time; a build after an edit takes longer.
# Names in the unnamed namespaces of one target must differ, and a local name must not repeat one of them. If they cannot,
# exclude a source with set_source_files_properties(one.cpp PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON). A unity build does not
# show whether each source compiles alone.
option(LEASH_UNITY "compile the sources of a target together" OFF)

# clang then spends a third of its time in the headers of other libraries, so they are read once. (GCC 12 is not faster with
# it, and clang-tidy is slower, because it checks the whole precompiled header.)
option(LEASH_PRECOMPILE "with LEASH_UNITY: precompile the headers of other libraries" OFF)
if(LEASH_PRECOMPILE)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "LEASH_PRECOMPILE is for clang, not for ${CMAKE_CXX_COMPILER_ID}")
  endif()
  # ccache caches sources with precompiled headers only with these settings.
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>")
  if(CMAKE_CXX_COMPILER_LAUNCHER)
    list(PREPEND CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros)
  endif()
endif()

# leash_precompile(leash_precompiled HEADERS ... LINK ...): precompiles the headers for other targets.
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
      -Wno-subobject-linkage           # in a unity build, included sources have unnamed namespaces
      --param=ggc-min-heapsize=1048576) # KiB; saves a sixth of the time, but one compilation needs up to 1.8 GB
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
# INCLUDE     the folder on the include path of users. Without it, the library is only for this project, whose headers are
#             included by their path from the top folder.
# HEADERS     the folders of the headers for users.
# COLD        the library serves people and not requests, so it is optimized less, which takes half the time.
# COMPONENT   the library is installed (LeashPackage.cmake). It is shared if BUILD_SHARED_LIBS is on, unless it is STATIC_ONLY.
function(leash_library target)
  cmake_parse_arguments(ARG "COLD;STATIC_ONLY" "ALIAS;INCLUDE;COMPONENT" "SOURCES;HEADERS;LINK" ${ARGN})
  set(type STATIC)
  if(ARG_COMPONENT AND BUILD_SHARED_LIBS AND NOT ARG_STATIC_ONLY)
    set(type SHARED)
  endif()
  add_library(${target} ${type} ${ARG_SOURCES})
  add_library(${ARG_ALIAS} ALIAS ${target})
  # Libraries that are not installed become a part of installed ones. Their functions may still be inlined.
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
  # A source location, and therefore a site, is relative to the top source folder of the project that is built.
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

# leash_test(http_parser_test SOURCES parser_test.cpp LINK leash::http): a GoogleTest program; ctest knows each test.
# In a unity build and with a sanitizer, a process runs a quarter of the tests, because starting it takes longer than most
# tests. Tests are not optimized, which halves the time to compile them.
# OPTIMIZED   is optimized a little, because it instantiates templates of the library, which are tested so.
# COST        the seconds that a quarter takes; ctest starts the longest first.
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
