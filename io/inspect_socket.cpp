#include <weft/inspect_socket.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <locale>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include <unistd.h>

#include "runtime/inspection/json.hpp"
#include "runtime/inspection/trace.hpp"
#include "runtime/runtime_core.hpp"
#include <weft/cancel.hpp>
#include <weft/inspect.hpp>
#include <weft/runtime.hpp>
#include <weft/trace.hpp>

namespace weft {
namespace {

constexpr std::size_t longest_request = 100;
constexpr std::chrono::milliseconds pause_without_memory{10};
constexpr std::size_t piece = 256 * 1024;  // that a client has to read within its patience

unix_listen_options private_file() noexcept {
  unix_listen_options o;
  o.mode = 0600;
  return o;
}

template <class Write>
std::string written_by(Write&& write) {
  std::ostringstream out;
  out.imbue(std::locale::classic());  // the program may have set another
  write(out);
  return std::move(out).str();
}

std::string refusal(std::string_view why) {
  return written_by([why](std::ostream& out) {
    out << "{\"error\":";
    detail::write_json_string(out, why);
    out << "}\n";
  });
}

detail::runtime_core const& runtime_here() noexcept { return *detail::current_core()->rt.load(std::memory_order_relaxed); }

void write_loads(std::ostream& out, std::chrono::milliseconds last) {
  out << "{\"format\":1,\"workers\":" << runtime_here().sched->options.workers << ",\"loads\":[";
  char const* separator = "";
  for (auto const& l : trace::loads(last)) {
    out << std::exchange(separator, ",") << "{\"name\":";
    detail::write_json_string(out, l.name);
    out << ",\"slices\":" << l.slices << ",\"busy_ns\":" << l.busy.count() << ",\"delay_ns\":" << l.delay.count() << '}';
  }
  out << "]}\n";
}

// The number after "loads ", or a negative one.
std::chrono::milliseconds loads_of(std::string_view request) noexcept {
  constexpr std::string_view name = "loads ";
  std::uint32_t ms = 0;
  if (!request.starts_with(name)) return std::chrono::milliseconds{-1};
  auto const [end, error] = std::from_chars(request.data() + name.size(), request.data() + request.size(), ms);
  return std::chrono::milliseconds{error == std::errc{} && end == request.data() + request.size() ? std::int64_t{ms} : -1};
}

}  // namespace

inspect_socket::inspect_socket(std::string_view path, inspect_options o) : listener_(path, private_file()), patience_(o.patience) {
  start(o.connections);
}
inspect_socket::inspect_socket(runtime& of, std::string_view path, inspect_options o)
    : listener_(path, private_file()), patience_(o.patience), servers_(of) {
  start(o.connections);
}
inspect_socket::~inspect_socket() = default;

void inspect_socket::recording::turn_on() {
  std::call_once(once_, [this] {
    detail::hold_recording();
    on_ = true;
  });
}
inspect_socket::recording::~recording() {
  if (on_) detail::let_go_of_recording();
}

// So many tasks accept and answer, each one connection at a time.
void inspect_socket::start(unsigned connections) {
  if (connections == 0) throw std::invalid_argument("weft: an inspect_socket without connections");
  for (unsigned i = 0; i != connections; ++i) servers_.spawn({.name = "inspect_socket"}, [this] { serve(); });
}

void inspect_socket::serve() {
  for (;;) {
    try {
      std::error_code closed;
      auto client = listener_.accept(never, closed);
      if (closed) return;
      converse(client);
    } catch (std::exception const&) {  // no memory: the client gets no answer, or a part of it
      this_task::sleep_for(pause_without_memory);
    }
  }
}

std::string inspect_socket::answer(std::string_view request) {
  if (request == "tasks") return written_by([](std::ostream& out) { dump_json(out); });
  if (request == "dump") return written_by([](std::ostream& out) { dump(out); });
  if (request == "metrics") return to_prometheus(runtime::current()->metrics());
  if (auto const last = loads_of(request); last.count() >= 0) {
    recording_.turn_on();
    return written_by([last](std::ostream& out) { write_loads(out, last); });
  }
  if (request == "trace") {
    recording_.turn_on();
    return written_by([](std::ostream& out) { trace::write(out); });
  }
  return refusal("unknown request '" + std::string(request) + "'; there are: tasks, dump, metrics, loads MILLISECONDS, trace");
}

// With many tasks and records it takes a while; a worker would be kept by it.
std::string inspect_socket::look(std::string_view request) {
  shield_scope const whole;
  return looks_.submit([this, request] {
    this_task::set_name("inspect_socket");
    return answer(request);
  }).get();
}

void inspect_socket::converse(unix_stream& client) {
  // The file's mode keeps others out; a name without a file has none.
  if (auto const user = client.peer_credentials().user; user != ::geteuid() && user != 0) return;
  std::error_code failed;
  std::string request;
  client.set_read_deadline(patience_);
  auto const n = client.read_until(request, "\n", longest_request, failed);
  bool const too_long = failed == std::errc::message_size;
  if (too_long) failed.clear();
  if (failed) return;
  auto const text = too_long ? refusal("the request is too long") : look(std::string_view(request).substr(0, n - 1));
  for (std::size_t at = 0; at < text.size() && !failed; at += piece) {
    client.set_write_deadline(patience_);
    client.write_all(std::string_view(text).substr(at, piece), failed);
  }
}

}  // namespace weft
