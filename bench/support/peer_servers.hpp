#pragma once
// Servers in other languages for a problem: the program of bench/peers/LANGUAGE, once `bench/peers/run.sh LANGUAGE` has built it, takes
// the place of this process.
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>

#include "bench/support/server_process.hpp"

namespace bench {

// add(library, server) of that problem for each language whose program is there.
template <class Add>
bool add_peer_servers(std::string const& problem, Add add) {
  for (auto const& [language, built] : {std::pair{"go", "go/peer"}, std::pair{"tokio", "tokio/target/release/peer"}}) {
    auto const program = this_program().parent_path() / "../../peers" / built;
    if (!std::filesystem::exists(program)) continue;
    add(language, [program, problem](tell const&) {
      execl(program.c_str(), program.c_str(), "--serve", problem.c_str(), nullptr);  // it tells by itself
      throw std::runtime_error(program.native() + " does not start");
    });
  }
  return true;
}

}  // namespace bench
