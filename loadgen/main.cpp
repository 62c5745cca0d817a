// SPDX-License-Identifier: BSL-1.0
#include "loadgen/program.hpp"

int main(int argc, char** argv) { return loadgen::program(argc, argv); }
