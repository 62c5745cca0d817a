#include "client/program.hpp"

int main(int argc, char** argv) { return client::program(argc, argv); }
