// SPDX-License-Identifier: BSL-1.0
#pragma once
// The version of the library.
//
// What it is     LEASH_VERSION, a string literal: the version of these headers, the same as in CMake and pkg-config.
//
//   std::puts("built with leash " LEASH_VERSION);

#define LEASH_VERSION "0.2.0"
