#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Projects of users, each outside of this one. `install` installs what this build has into FOLDER/static; package, neighbor
# and examples use that by find_package and by pkg-config. `shared` has leash, from a clean copy (what git has, no more), as
# a folder of a project, with shared libraries, and installs it from there.
# usage: consumers_test.sh install|package|neighbor|examples|shared FOLDER
# shellcheck source=tests/project/check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

part=$1
static=$2/static
consumers=$PWD/tests/project/consumers
components='gtest;json;prometheus;inspector'

copy_of_leash() { # copy_of_leash FOLDER
  mkdir -p "$1"
  git ls-files -z | tar --null --files-from=- -c | tar -x -C "$1"
}

project() { # project NAME: a fresh copy, in the folder whose name is printed
  local folder=$scratch/projects/$1
  mkdir -p "$folder"
  cp -r "$consumers/$1/." "$consumers/site.hpp" "$folder"
  printf '%s' "$folder"
}

succeeds() {
  run "$@"
  status_is 0
}

library_folder() { dirname "$(find "$1" -name 'libleash.*' -print -quit)"; }

uses_package() { # uses_package NAME PREFIX PROGRAM…
  local folder prefix=$2
  folder=$(project "$1")
  shift 2
  rm -rf "$folder/build"
  succeeds cmake -G Ninja -S "$folder" -B "$folder/build" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_BUILD_TYPE=Debug "-DCOMPONENTS=$components"
  succeeds cmake --build "$folder/build"
  for program in "$@"; do succeeds "$folder/build/$program"; done
}

uses_pkg_config() { # uses_pkg_config PREFIX [PROJECT MODULE]
  local libraries folder flags
  libraries=$(library_folder "$1")
  export PKG_CONFIG_PATH=$libraries/pkgconfig
  folder=$(project "${2:-pkg_config}")
  flags=$(pkg-config --cflags --libs "${3:-leash-json}")
  # shellcheck disable=SC2086
  (cd "$folder" && succeeds g++ -std=c++23 service.cpp $flags -o service)
  LD_LIBRARY_PATH=$libraries succeeds "$folder/service"
}

refuses() { # refuses PREFIX COMPONENTS TEXT: what is not there is one clear error
  local folder
  folder=$(project package)
  rm -rf "$folder/build"
  run cmake -S "$folder" -B "$folder/build" -DCMAKE_PREFIX_PATH="$1" "-DCOMPONENTS=$2"
  status_is_not 0
  error_says "$3"
  [[ $(grep -c '^CMake Error' "$scratch/err") -eq 1 ]] || fail 'more than one error'
}

case $part in
  install)
    rm -rf "$static"
    succeeds cmake --install "$2/.." --prefix "$static"
    run cmake --install "$2/.." --prefix "$scratch/nothing" --component bogus
    status_is_not 0
    error_says "leash has no component 'bogus'"
    [[ ! -e $scratch/nothing ]] || fail 'something was installed'
    ;;
  package)
    uses_package package "$static" service
    uses_package own_http "$static" service
    uses_pkg_config "$static"
    if [[ -n $(find "$static" -name leash-boost.cmake) ]]; then
      uses_package boost "$static" service
      uses_pkg_config "$static" boost leash-boost
    fi
    refuses "$static" bogus "leash has no component 'bogus'"
    cp -r "$static" "$scratch/incomplete"
    find "$scratch/incomplete" -name leash-json.cmake -delete
    refuses "$scratch/incomplete" json "component 'json' is not installed"
    ;;
  neighbor)
    uses_package neighbor "$static" service separate
    run cmake --build "$scratch/projects/neighbor/build" --target another
    status_is_not 0
    output_says 'undefined reference to .*LeashWasCompiledWithAnotherAsio'
    uses_package ssl "$static" service
    ;;
  examples) # each by itself
    for example in examples/*/; do
      name=$(basename "$example")
      [[ $name != beast_* ]] || continue # Beast takes long to compile: they are built in the tree
      mkdir -p "$scratch/examples"
      cp -r "$example" "$scratch/examples/$name"
      succeeds cmake -G Ninja -S "$scratch/examples/$name" -B "$scratch/examples/$name/build" -DCMAKE_PREFIX_PATH="$static" \
        -DCMAKE_RUNTIME_OUTPUT_DIRECTORY="$scratch/examples/bin"
      succeeds cmake --build "$scratch/examples/$name/build"
    done
    succeeds bash tests/examples/examples_test.sh "$scratch/examples/bin"
    ;;
  shared)
    components='gtest;json;prometheus'
    folder=$(project subdirectory)
    copy_of_leash "$folder/third_party/leash"
    succeeds cmake -G Ninja -S "$folder" -B "$folder/build" -DLEASH_UNITY=ON -DBUILD_SHARED_LIBS=ON
    succeeds cmake --build "$folder/build"
    succeeds "$folder/build/programs/service"
    commands=$(ninja -C "$folder/build" -t commands plain)
    [[ $commands != *leash* ]] || fail 'a target that does not link leash has flags of it'
    shared=$scratch/shared
    succeeds cmake --install "$folder/build" --prefix "$shared"
    [[ -e $shared/lib/cmake/worker/worker.cmake ]] || fail 'the library that links leash is not exported'
    for library in libleash libleash_json libleash_prometheus; do # not gtest: GoogleTest is static
      [[ -n $(find "$shared" -name "$library.so.0.2.0") ]] || fail "$library is not shared"
    done
    uses_package package "$shared" service
    uses_pkg_config "$shared"
    ;;
  *)
    echo "consumers_test.sh: takes install, package, neighbor, examples or shared, not '$part'" >&2
    exit 2
    ;;
esac
