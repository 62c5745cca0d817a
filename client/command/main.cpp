// SPDX-License-Identifier: BSL-1.0
#include "client/command/program.hpp"

int main(int argc, char** argv) { return client::program(argc, argv); }
