# SPDX-License-Identifier: BSL-1.0
# Installation. Each component is a library with its headers, a file of targets for find_package, and one for pkg-config.
# The commands are the component `tools`.

include(GNUInstallDirs)
set(leash_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/leash)

# The headers of the adapters are in the folder of the library, but are installed with the adapters.
set(leash_adapters gtest json prometheus)
set(leash_headers_gtest gtest.hpp)
set(leash_headers_json json.hpp)
set(leash_headers_prometheus families.hpp prometheus.hpp)
set(leash_headers_inspector inspector.hpp)
# The pkg-config modules that users of a static component need.
set(leash_pc_requires_gtest "leash, gtest")
set(leash_pc_requires_heap "leash")
set(leash_pc_requires_json "leash, nlohmann_json")
set(leash_pc_requires_prometheus "leash, prometheus-cpp-core")
set(leash_pc_requires_inspector "leash-prometheus, leash-json, zlib")
set(leash_pc_requires_inspector_auto "leash-inspector")
set(leash_pc_description_leash "${PROJECT_DESCRIPTION}")
set(leash_pc_description_boost "${PROJECT_DESCRIPTION}, on Boost.Asio")
set(leash_pc_description_gtest "Tests that find leaked tasks, for GoogleTest")
set(leash_pc_description_heap "Charges heap memory to the tasks of leash that allocate it")
set(leash_pc_description_json "Reports of leash as JSON, by nlohmann/json")
set(leash_pc_description_prometheus "Metrics of leash, by prometheus-cpp")
set(leash_pc_description_inspector "Looks into a process: routes, page, metrics and profiles of leash")
set(leash_pc_description_inspector_auto "Starts the inspector of leash if LEASH_INSPECT says where")

# leash_install_target(leash_awaitables leash): installs the target as leash::awaitables, as a part of the component.
function(leash_install_target target component)
  string(REGEX REPLACE "^leash_" "" name ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  install(TARGETS ${target} EXPORT leash-${component}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${component}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${component}
    INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endfunction()

# leash_component(leash_gtest gtest): installs the library and the files by which users find it.
function(leash_component target component)
  set_target_properties(${target} PROPERTIES
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  leash_install_target(${target} ${component})
  if(target STREQUAL "leash_registry")
    return() # a part of the component leash, which does the rest
  endif()
  set_property(GLOBAL APPEND PROPERTY leash_components ${component})
  install(EXPORT leash-${component} NAMESPACE leash:: FILE leash-${component}.cmake
    DESTINATION ${leash_cmake_dir} COMPONENT ${component})

  if(component STREQUAL "leash")
    set(excluded)
    foreach(header IN LISTS leash_headers_gtest leash_headers_json leash_headers_prometheus)
      list(APPEND excluded REGEX /leash/${header}$ EXCLUDE)
    endforeach()
    install(DIRECTORY include/leash DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT ${component} ${excluded})
  else()
    list(TRANSFORM leash_headers_${component} PREPEND include/leash/ OUTPUT_VARIABLE headers)
    install(FILES ${headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/leash COMPONENT ${component})
  endif()

  get_target_property(library ${target} OUTPUT_NAME)
  if(NOT library)
    set(library ${target})
  endif()
  set(libraries -l${library})
  if(component MATCHES "^(leash|boost)$")
    string(APPEND libraries " -lleash_registry -Wl,-z,nodelete")
  endif()
  leash_install_pc(${component} ${component} "${libraries}")
endfunction()

# leash_install_pc(NAME COMPONENT LIBRARIES): leash-NAME.pc, or leash.pc, for pkg-config.
function(leash_install_pc name component libraries)
  set(module leash-${name})
  if(name STREQUAL "leash")
    set(module leash)
  endif()
  string(REPLACE "_" "-" module ${module})
  set(requires "${leash_pc_requires_${name}}")
  set(description "${leash_pc_description_${name}}")
  set(definitions "")
  if(NOT LEASH_TRACKING)
    set(definitions " -DLEASH_TRACKING=0")
  endif()
  if(name STREQUAL "boost")
    string(APPEND definitions " -DLEASH_BOOST")
  endif()
  if(NOT LEASH_ASIO_TARGET)
    string(APPEND definitions " -DASIO_HAS_STD_ALIGNED_ALLOC=1")
  endif()
  file(RELATIVE_PATH to_prefix /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
  string(REGEX REPLACE "/$" "" to_prefix ${to_prefix})
  file(CONFIGURE OUTPUT ${module}.pc @ONLY CONTENT [[
prefix=${pcfiledir}/@to_prefix@
libdir=${prefix}/@CMAKE_INSTALL_LIBDIR@
includedir=${prefix}/@CMAKE_INSTALL_INCLUDEDIR@

Name: @module@
Description: @description@
Version: @PROJECT_VERSION@
Requires: @requires@
Cflags: -I${includedir}@definitions@ -pthread
Libs: -L${libdir} @libraries@ -pthread
]])
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${module}.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT ${component})
endfunction()

# leash_install_inspector(PARTS leash_inspector leash_http_server ... AUTO leash_inspector_auto): installs the inspector as
# one archive with one object file, made of libraries that are not installed. The symbols of these parts (llhttp, and
# namespaces that a program may also have) are local, so they neither clash with symbols of the program nor replace them.
function(leash_install_inspector)
  cmake_parse_arguments(ARG "" "AUTO" "PARTS" ${ARGN})
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/package)
  set(archive ${folder}/libleash_inspector.a)
  file(MAKE_DIRECTORY ${folder})
  set(objects)
  foreach(part IN LISTS ARG_PARTS)
    list(APPEND objects $<TARGET_FILE:${part}>)
  endforeach()
  set(names llhttp_* *4http* *7process* *9inspector*)
  list(TRANSFORM names PREPEND --localize-symbol=)
  find_program(LEASH_GNU_LD NAMES ld.bfd REQUIRED) # lld resolves no groups where its output is to be linked again
  add_custom_command(OUTPUT ${archive}
    COMMAND ${LEASH_GNU_LD} -r --force-group-allocation -o ${folder}/inspector.o --whole-archive ${objects}
    # Inline functions, which other libraries may contain, too, are unique symbols (u) and are kept with their group.
    COMMAND sh -c "${CMAKE_NM} inspector.o | sed -n 's/.* u //p' >unique"
    COMMAND ${CMAKE_OBJCOPY} --weaken-symbols=${folder}/unique ${folder}/inspector.o
    COMMAND ${CMAKE_OBJCOPY} --wildcard ${names} ${folder}/inspector.o
    COMMAND ${CMAKE_COMMAND} -E rm -f ${archive}
    COMMAND ${CMAKE_AR} qcs ${archive} ${folder}/inspector.o
    WORKING_DIRECTORY ${folder} DEPENDS ${ARG_PARTS} ${objects} COMMENT "Linking the inspector that is installed" VERBATIM)
  add_custom_target(leash_inspector_archive ALL DEPENDS ${archive})

  set_property(GLOBAL APPEND PROPERTY leash_components inspector)
  install(FILES ${archive} DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT inspector)
  install(TARGETS ${ARG_AUTO} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT inspector)
  install(FILES include/leash/${leash_headers_inspector} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/leash COMPONENT inspector)
  leash_install_llhttp_license(leash inspector)
  set(llhttp)
  if(NOT LEASH_LLHTTP_STATIC) # the system's shared library
    set(llhttp llhttp)
    set(pc_llhttp " -lllhttp")
  endif()
  leash_install_pc(inspector inspector "-lleash_inspector${pc_llhttp}")
  leash_install_pc(inspector_auto inspector "-lleash_inspector_auto -Wl,--undefined=leash_inspector_auto")
  file(RELATIVE_PATH to_prefix /prefix/${leash_cmake_dir} /prefix)
  string(REGEX REPLACE "/$" "" to_prefix ${to_prefix})
  file(CONFIGURE OUTPUT leash-inspector.cmake @ONLY CONTENT [[
get_filename_component(leash_prefix ${CMAKE_CURRENT_LIST_DIR}/@to_prefix@ ABSOLUTE)
foreach(leash_library inspector inspector_auto)
  add_library(leash::${leash_library} STATIC IMPORTED)
  set_target_properties(leash::${leash_library} PROPERTIES
    IMPORTED_LOCATION ${leash_prefix}/@CMAKE_INSTALL_LIBDIR@/libleash_${leash_library}.a
    IMPORTED_LINK_INTERFACE_LANGUAGES CXX
    INTERFACE_COMPILE_FEATURES cxx_std_23
    INTERFACE_INCLUDE_DIRECTORIES ${leash_prefix}/@CMAKE_INSTALL_INCLUDEDIR@)
endforeach()
target_link_libraries(leash::inspector INTERFACE leash::prometheus leash::json leash::leash ZLIB::ZLIB @llhttp@)
target_link_libraries(leash::inspector_auto INTERFACE leash::inspector)
target_link_options(leash::inspector_auto INTERFACE LINKER:--undefined=leash_inspector_auto)
]])
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/leash-inspector.cmake DESTINATION ${leash_cmake_dir} COMPONENT inspector)
endfunction()

# leash_install_tools(leash-server ...): the commands.
function(leash_install_tools)
  set_property(GLOBAL APPEND PROPERTY leash_components tools)
  install(TARGETS ${ARGN} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tools)
  if(BUILD_SHARED_LIBS) # wherever the prefix is, the commands find the libraries
    file(RELATIVE_PATH to_libraries /prefix/${CMAKE_INSTALL_BINDIR} /prefix/${CMAKE_INSTALL_LIBDIR})
    set_target_properties(${ARGN} PROPERTIES INSTALL_RPATH $ORIGIN/${to_libraries})
  endif()
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/leash-tools COMPONENT tools)
  leash_install_llhttp_license(leash-tools tools)
  if(CMAKE_CROSSCOMPILING) # the commands print their own manuals
    return()
  endif()
  foreach(tool IN LISTS ARGN)
    set(made ${CMAKE_CURRENT_BINARY_DIR}/manual/${tool})
    install(CODE "file(MAKE_DIRECTORY \"${CMAKE_CURRENT_BINARY_DIR}/manual\")
      execute_process(COMMAND $<TARGET_FILE:${tool}> --man-page OUTPUT_FILE \"${made}.1\" COMMAND_ERROR_IS_FATAL ANY)
      execute_process(COMMAND gzip --best --no-name --force \"${made}.1\" COMMAND_ERROR_IS_FATAL ANY)
      execute_process(COMMAND $<TARGET_FILE:${tool}> --completion OUTPUT_FILE \"${made}\" COMMAND_ERROR_IS_FATAL ANY)"
      COMPONENT tools)
    install(FILES ${made}.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT tools)
    install(FILES ${made} DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT tools)
  endforeach()
endfunction()

# leash_install_llhttp_license(FOLDER COMPONENT): installs llhttp's license with a component that contains llhttp.
function(leash_install_llhttp_license folder component)
  install(FILES ${LEASH_LLHTTP_COPYRIGHT} DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${folder}
    COMPONENT ${component} RENAME LICENSE.llhttp)
endfunction()

# leash_install_package(): installs the files that all components share, and defines the Debian packages.
function(leash_install_package)
  include(CMakePackageConfigHelpers)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/leash-config.cmake.in leash-config.cmake @ONLY)
  write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/leash-config-version.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/leash-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/leash-config-version.cmake
    DESTINATION ${leash_cmake_dir} COMPONENT leash)
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/leash COMPONENT leash)
  if(NOT PROJECT_IS_TOP_LEVEL)
    return()
  endif()

  # Without these checks `cmake --install` would silently install nothing, or files that other projects cannot link.
  install(CODE "cmake_policy(SET CMP0057 NEW)
    set(leash_components leash boost ${leash_adapters} heap inspector tools deb-dev deb-tools)
    if(CMAKE_INSTALL_COMPONENT AND NOT CMAKE_INSTALL_COMPONENT IN_LIST leash_components)
      message(FATAL_ERROR \"leash has no component '\${CMAKE_INSTALL_COMPONENT}': there are \${leash_components}\")
    endif()" ALL_COMPONENTS)
  if(LEASH_SANITIZE OR LEASH_FUZZ)
    install(CODE "message(FATAL_ERROR \"a build for a sanitizer or for fuzzing is not installed: take the preset release\")"
      ALL_COMPONENTS)
  endif()
  leash_debian_packages()
endfunction()

# `cpack --preset release`: libleash-dev, and leash-tools if the commands are built.
function(leash_debian_packages)
  set(maintainer "leash maintainers <maintainers@leash.example.org>")
  set(packages dev)
  if(LEASH_SERVICE)
    list(APPEND packages tools)
  endif()
  set(name_dev libleash-dev)
  set(name_tools leash-tools)
  foreach(group IN LISTS packages)
    set(package ${name_${group}})
    set(debian ${CMAKE_CURRENT_BINARY_DIR}/debian/${package})
    configure_file(${PROJECT_SOURCE_DIR}/cmake/debian/changelog.in ${debian}/changelog @ONLY)
    file(READ ${PROJECT_SOURCE_DIR}/LICENSE bsl)
    set(llhttp)
    if(LEASH_LLHTTP_COPYRIGHT)
      file(READ ${LEASH_LLHTTP_COPYRIGHT} llhttp)
      string(PREPEND llhttp "llhttp, which is inside what answers HTTP. What follows is of the Debian package it was taken from:\n\n")
    endif()
    configure_file(${PROJECT_SOURCE_DIR}/cmake/debian/copyright.in ${debian}/copyright @ONLY)
    execute_process(COMMAND gzip --best --no-name --force ${debian}/changelog COMMAND_ERROR_IS_FATAL ANY)
    install(FILES ${debian}/copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package}
      COMPONENT deb-${group} EXCLUDE_FROM_ALL)
    install(FILES ${debian}/changelog.gz DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package}
      COMPONENT deb-${group} EXCLUDE_FROM_ALL RENAME changelog.Debian.gz)
  endforeach()

  set(CPACK_GENERATOR DEB)
  set(CPACK_PACKAGE_NAME leash)
  set(CPACK_PACKAGE_VENDOR leash)
  set(CPACK_PACKAGE_CONTACT "${maintainer}")
  set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
  set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
  set(CPACK_STRIP_FILES ON)
  set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
  set(CPACK_DEB_COMPONENT_INSTALL ON)
  set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
  set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
  get_property(CPACK_COMPONENTS_ALL GLOBAL PROPERTY leash_components)
  list(TRANSFORM packages PREPEND deb- OUTPUT_VARIABLE documents)
  list(APPEND CPACK_COMPONENTS_ALL ${documents})

  set(CPACK_DEBIAN_DEV_PACKAGE_NAME libleash-dev)
  set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
  set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "libasio-dev, libstdc++-12-dev | libstdc++-dev")
  set(CPACK_DEBIAN_DEV_PACKAGE_RECOMMENDS "libboost1.81-dev | libboost-dev (>= 1.80), nlohmann-json3-dev, prometheus-cpp-dev, libgtest-dev, zlib1g-dev, pkg-config")
  # The description of the project is the first line of both.
  set(CPACK_COMPONENT_DEV_DESCRIPTION "Coroutines for standalone Asio that are counted, know where they wait, and
 are named when they outlive the request that started them. Headers and
 static libraries; adapters for GoogleTest, nlohmann/json and prometheus-cpp.")

  set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME leash-tools)
  set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION net)
  set(CPACK_DEBIAN_TOOLS_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_TOOLS_PACKAGE_RECOMMENDS "ca-certificates")
  set(CPACK_COMPONENT_TOOLS_DESCRIPTION "commands that show, measure and find leaked tasks of a service
 leash-client looks into a running process, leash-load loads a server and says
 whether tasks are left, and leash-server demonstrates both ways to write it.")

  include(CPack)
  foreach(component IN LISTS CPACK_COMPONENTS_ALL)
    if(component MATCHES "tools$")
      cpack_add_component(${component} GROUP tools)
    else()
      cpack_add_component(${component} GROUP dev)
    endif()
  endforeach()
  cpack_add_component_group(dev)
  cpack_add_component_group(tools)
endfunction()
