#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Projects of users, each outside of this one, from a clean copy: what git has, no more. The first has leash as a folder; what it
# installs, and what a shared build installs, are then used by find_package and by pkg-config.
# shellcheck source=tests/project/check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

consumers=$PWD/tests/project/consumers
components='gtest;json;prometheus'

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

# leash as a folder of the project, and what that project exports.
folder=$(project subdirectory)
copy_of_leash "$folder/third_party/leash"
succeeds cmake -G Ninja -S "$folder" -B "$folder/build" -DLEASH_UNITY=ON
succeeds cmake --build "$folder/build"
succeeds "$folder/build/programs/service"
static=$scratch/static
succeeds cmake --install "$folder/build" --prefix "$static"
[[ -e $static/lib/cmake/worker/worker.cmake ]] || fail 'the library that links leash is not exported'
(! ninja -C "$folder/build" -t commands plain | grep -q leash) || fail 'a target that does not link leash has flags of it'

# The shared libraries.
copy_of_leash "$scratch/leash"
succeeds cmake -G Ninja -S "$scratch/leash" -B "$scratch/leash/build" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O0 \
  -DBUILD_SHARED_LIBS=ON -DLEASH_UNITY=ON -DLEASH_SERVICE=OFF -DLEASH_TESTS=OFF
succeeds cmake --build "$scratch/leash/build"
shared=$scratch/shared
succeeds cmake --install "$scratch/leash/build" --prefix "$shared"
for component in ${components//;/ } leash; do
  [[ $component != gtest ]] || continue # static on purpose: GoogleTest is
  library=libleash${component:+_$component}
  library=${library%_leash}
  [[ -n $(find "$shared" -name "$library.so.0.2.0") ]] || fail "$library is not shared"
done
run cmake --install "$scratch/leash/build" --prefix "$scratch/nothing" --component bogus
status_is_not 0
error_says "leash has no component 'bogus'"
[[ ! -e $scratch/nothing ]] || fail 'something was installed'

library_folder() { dirname "$(find "$1" -name 'libleash.*' | head -n 1)"; }

uses_package() { # uses_package NAME PREFIX PROGRAM…
  local folder prefix=$2
  folder=$(project "$1")
  shift 2
  rm -rf "$folder/build"
  succeeds cmake -G Ninja -S "$folder" -B "$folder/build" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_BUILD_TYPE=Debug "-DCOMPONENTS=$components"
  succeeds cmake --build "$folder/build"
  for program in "$@"; do succeeds "$folder/build/$program"; done
}

uses_package package "$static" service
uses_package package "$shared" service
uses_package neighbor "$static" service separate
run cmake --build "$scratch/projects/neighbor/build" --target another
status_is_not 0
output_says 'undefined reference to .*LeashWasCompiledWithAnotherAsio'
uses_package ssl "$static" service
uses_package own_http "$static" service

for prefix in "$static" "$shared"; do
  libraries=$(library_folder "$prefix")
  export PKG_CONFIG_PATH=$libraries/pkgconfig
  folder=$(project pkg_config)
  flags=$(pkg-config --cflags --libs leash-json)
  # shellcheck disable=SC2086
  (cd "$folder" && succeeds g++ -std=c++23 service.cpp $flags -o service)
  LD_LIBRARY_PATH=$libraries succeeds "$folder/service"
done

# The examples, each by itself.
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

# What is not there is one clear error.
folder=$(project package)
refuses() { # refuses COMPONENTS TEXT
  rm -rf "$folder/build"
  run cmake -S "$folder" -B "$folder/build" -DCMAKE_PREFIX_PATH="$static" "-DCOMPONENTS=$1"
  status_is_not 0
  error_says "$2"
  [[ $(grep -c '^CMake Error' "$scratch/err") -eq 1 ]] || fail 'more than one error'
}
refuses bogus "leash has no component 'bogus'"
find "$static" -name leash-json.cmake -delete
refuses json "component 'json' is not installed"
