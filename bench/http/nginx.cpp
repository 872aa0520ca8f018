// nginx, where it is installed: one process, which takes the place of this one.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "bench/http/config.hpp"

namespace bench::http {
namespace {

constexpr char program[] = "/usr/sbin/nginx";

bool listens(std::uint16_t port) {
  try {
    connect_to(port);
    return true;
  } catch (std::runtime_error const&) {
    return false;
  }
}

std::string config(std::string const& folder, std::uint16_t port) {
  std::string text = "daemon off; master_process off; error_log /dev/null crit; pid " + folder + "/pid;\n"
                     "events { worker_connections 16384; }\n"
                     "http { access_log off; keepalive_requests 1000000000; default_type text/plain;\n";
  for (char const* of : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) text += std::string(of) + "_temp_path " + folder + ";\n";
  text += "server { listen 127.0.0.1:" + std::to_string(port) + "; location / { return 200 \"" + std::string(page) + "\"; } } }\n";
  return text;
}

// It says nothing when it listens, so a child of this process tries, and tells.
void run(tell const& tell_port) {
  auto const [fd, port] = listen_anywhere(0);
  close(fd);  // free, then, for a moment
  std::string const folder = this_program().parent_path() / "nginx", file = folder + "/nginx.conf";
  std::filesystem::create_directories(folder);
  std::ofstream(file) << config(folder, port);
  if (fork() == 0) {
    for (int i = 0; i != 5000 && !listens(port); ++i) usleep(1000);
    tell_port(port);
    _exit(0);
  }
  close(STDOUT_FILENO);
  execl(program, program, "-c", file.c_str(), "-p", folder.c_str(), nullptr);
  throw std::runtime_error("nginx does not start");
}

bool const known = std::filesystem::exists(program) && add("nginx", &run) && add_beside_slow("nginx");

}  // namespace
}  // namespace bench::http
