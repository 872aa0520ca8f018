#pragma once
// Go's server for a problem: the program of bench/peers/go, once `bench/peers/run.sh go` has built it, takes the place of this process.
#include <unistd.h>

#include <filesystem>
#include <stdexcept>

#include "bench/support/server_process.hpp"

namespace bench {

inline std::filesystem::path go_program() { return this_program().parent_path() / "../../peers/go/peer"; }

// add(library, server) of that problem, if there is such a program.
template <class Add>
bool add_go(std::string const& problem, Add add) {
  static std::string const what = problem;
  return std::filesystem::exists(go_program()) && add("go", [](tell const&) {
    std::string const program = go_program();
    execl(program.c_str(), program.c_str(), "--serve", what.c_str(), nullptr);  // it tells by itself
    throw std::runtime_error("Go's server does not start");
  });
}

}  // namespace bench
