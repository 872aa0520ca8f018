#include <weft/trace.hpp>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <ostream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include <unistd.h>

#include "runtime/inspection/symbol.hpp"
#include "runtime/inspection/trace.hpp"
#include "runtime/inspection/trace_json.hpp"
#include "scheduler/wait_profile.hpp"
#include <weft/errors.hpp>

namespace weft::trace {
namespace {

// One recording at a time: the file's, else the flight recorder's.
struct state {
  std::mutex lock;
  bool flight = false;      // record(true)
  unsigned holders = 0;     // hold_recording()
  std::ofstream file;       // open: between start() and stop()
  std::filesystem::path path;
};

state& current() {
  static auto* const one = new state;  // reports of stalls outlive static objects
  return *one;
}

void begin(options const& o) {
  if (o.records == 0) throw std::invalid_argument("weft: trace::options::records is 0");
  detail::begin_wait_profile(o.waits);
  detail::begin_recording(o.records);
}

void end() noexcept {
  detail::end_wait_profile();
  detail::end_recording();
}

void end_if_unwanted(state const& s) noexcept {
  if (!s.flight && s.holders == 0 && !s.file.is_open()) end();
}

[[noreturn]] void cannot_write(std::filesystem::path const& path, int error) {
  throw std::system_error(error != 0 ? error : EIO, std::generic_category(), "weft: trace: cannot write '" + path.string() + '\'');
}

void open(std::ofstream& file, std::filesystem::path const& path) {
  errno = 0;
  file.open(path, std::ios::binary | std::ios::trunc);
  if (!file) cannot_write(path, errno);
}

void write_and_close(std::ofstream& file, std::filesystem::path const& path) {
  errno = 0;
  write(file);
  file.close();
  if (!file) cannot_write(path, errno);
}

}  // namespace

void record(bool on) {
  state& s = current();
  std::lock_guard guard{s.lock};
  if (on && !detail::recording()) begin({});
  s.flight = on;
  end_if_unwanted(s);
}

void record(options o) {
  state& s = current();
  std::lock_guard guard{s.lock};
  if (!s.file.is_open()) begin(o);
  s.flight = true;
}

void start(std::filesystem::path path, options o) {
  state& s = current();
  std::lock_guard guard{s.lock};
  if (s.file.is_open()) throw invalid_state_error("weft: trace::start(): a trace is being recorded already, to '" + s.path.string() + '\'');
  std::ofstream file;
  open(file, path);
  begin(o);
  s.file = std::move(file);
  s.path = std::move(path);
}

void stop() {
  state& s = current();
  std::lock_guard guard{s.lock};
  if (!s.file.is_open()) throw invalid_state_error("weft: trace::stop() without start()");
  auto file = std::exchange(s.file, std::ofstream());
  auto const path = std::exchange(s.path, {});
  end_if_unwanted(s);
  write_and_close(file, path);
}

void write(std::ostream& out) { detail::write_trace_json(out, detail::timeline(detail::read_records())); }

void write_waits(std::ostream& out) {
  std::map<std::string, std::int64_t> lines;
  std::map<void*, std::string> known;
  auto const name = [&known](void* address) -> std::string const& {
    auto& s = known[address];
    if (s.empty()) {
      s = detail::caller_name(address);
      for (char& c : s) c = c == ';' || c == '\n' ? ' ' : c;
    }
    return s;
  };
  for (auto const& p : detail::read_wait_profile()) {
    std::string line;
    for (void* const address : p.stack) {
      auto const& frame = name(address);
      if (frame.empty()) break;  // there the frame pointers end
      line = line.empty() ? frame : frame + ';' + line;
    }
    lines[line.empty() ? "[other]" : line] += p.us;
  }
  for (auto const& [line, us] : lines) out << line << ' ' << std::to_string(us) << '\n';
}

}  // namespace weft::trace

namespace weft::detail {
namespace {

// Null: none.
char const* environments_path() noexcept {
  static char const* const path = [] {
    char const* const p = std::getenv("WEFT_TRACE");
    return p != nullptr && *p != 0 ? p : nullptr;
  }();
  return path;
}

// %p in it is the process: others may have the same environment.
std::string file_of_this_process() {
  std::string path = environments_path();
  if (auto const at = path.find("%p"); at != path.npos) path.replace(at, 2, std::to_string(::getpid()));
  return path;
}

// Whole when it appears under its name: others may be waiting for it. One thread at a time.
void write_to(char const* suffix) noexcept try {
  static std::mutex lock;
  std::lock_guard guard{lock};
  std::filesystem::path const path = file_of_this_process() + suffix;
  auto half = path;
  half += ".part" + std::to_string(::getpid());
  std::ofstream file;
  trace::open(file, half);
  trace::write_and_close(file, half);
  std::filesystem::rename(half, path);
} catch (std::exception const& e) {
  std::fprintf(stderr, "%s (WEFT_TRACE)\n", e.what());
}

}  // namespace

void hold_recording() {
  auto& s = trace::current();
  std::lock_guard guard{s.lock};
  if (!recording()) trace::begin({});
  ++s.holders;
}

void let_go_of_recording() noexcept {
  auto& s = trace::current();
  std::lock_guard guard{s.lock};
  --s.holders;
  trace::end_if_unwanted(s);
}

void trace_as_environment_says() noexcept {
  static std::once_flag once;
  if (environments_path() == nullptr) return;
  std::call_once(once, [] {
    try {
      trace::record(true);
    } catch (std::bad_alloc const&) {
      std::fprintf(stderr, "weft: no memory to record what WEFT_TRACE asks for\n");
    }
  });
}

void write_environments_trace() noexcept {
  if (environments_path() != nullptr && recording()) write_to("");
}

void write_trace_of_stall() noexcept {
  if (environments_path() != nullptr && recording()) write_to(".stall");
}

}  // namespace weft::detail
