#include "nodes/fabricd/program.hpp"

int main(int argc, char** argv) { return fabric::node_program(argc, argv); }
