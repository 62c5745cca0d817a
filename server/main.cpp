// SPDX-License-Identifier: BSL-1.0
#include "server/program.hpp"

int main(int argc, char** argv) { return server::program(argc, argv); }
