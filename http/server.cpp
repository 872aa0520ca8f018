#include <chrono>
#include <cstdio>
#include <optional>
#include <system_error>
#include <utility>

#include <weft/http.hpp>

#include "http/connection.hpp"
#include <weft/cancel.hpp>
#include <weft/task_group.hpp>
#include <weft/timeout.hpp>

namespace weft {

namespace {

constexpr std::size_t most_refusals = 64;  // at once; connections above that are closed without a word
constexpr std::chrono::milliseconds pause_without_memory{10};

// One of so many, while it lives.
class counted {
 public:
  explicit counted(std::atomic<std::size_t>& n) noexcept : n_(&n) { n.fetch_add(1, std::memory_order_relaxed); }
  counted(counted&& o) noexcept : n_(std::exchange(o.n_, nullptr)) {}
  counted& operator=(counted&&) = delete;
  ~counted() {
    if (n_ != nullptr) n_->fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  std::atomic<std::size_t>* n_;
};

}  // namespace

http_server::http_server(address const& at, http_handler h, http_options o)
    : listener_(at), handler_(std::move(h)), options_(std::move(o)) {}
http_server::~http_server() = default;

address http_server::local_address() const { return listener_.local_address(); }

void http_server::stop(deadline grace) noexcept { drain_.begin(grace); }

// Closed: the server is to stop, and the kernel has none left.
tcp_stream http_server::next() {
  std::error_code error;
  tcp_stream s;
  drain_.unless_begun([&] { s = listener_.accept(never, error); });
  if (!s.is_open() && !error) s = listener_.accept(clock::duration::zero(), error);
  if (error && !drain_.begun()) throw std::system_error(error, "weft: http_server");
  return s;
}

bool http_server::serve() {
  std::atomic<std::size_t> refusals = 0;
  std::optional<task_group> all(std::in_place);
  int late = listen_options().backlog;  // so many the kernel may have accepted when the drain begins
  for (;;) {
    try {
      tcp_stream s = next();
      if (!s.is_open() || (drain_.begun() && late-- == 0)) break;
      bool const full = connections() >= options_.max_connections;
      if (full) refused_.fetch_add(1, std::memory_order_relaxed);
      if (full && refusals.load(std::memory_order_relaxed) == most_refusals) continue;
      all->spawn({.name = "http connection"}, [this, full, s = std::move(s), one = counted(full ? refusals : connections_)]() mutable {
        http_connection c(*this, std::move(s));
        full ? c.refuse() : c.run();
      });
    } catch (cancelled const&) {
      throw;
    } catch (std::system_error const&) {
      throw;
    } catch (group_closed_error const&) {  // there was no stack for a connection's task, and all have been cancelled with it
      try {
        all->join();
      } catch (std::exception const&) {
        report(std::current_exception());
      }
      all.emplace();
    } catch (std::exception const&) {  // no memory
      report(std::current_exception());
      this_task::sleep_for(pause_without_memory);
    }
  }
  listener_.close();
  try {
    with_timeout(drain_.grace(), [&] { all->join(); });
  } catch (timeout_error const&) {
  }
  return cut_.load(std::memory_order_relaxed) == 0;
}

void http_server::report(std::exception_ptr e) const noexcept {
  try {
    if (options_.on_error) return options_.on_error(std::move(e));
    std::rethrow_exception(e);
  } catch (std::exception const& error) {
    std::fprintf(stderr, "weft: http_server: %s\n", error.what());
  } catch (...) {
    std::fprintf(stderr, "weft: http_server: an error that is no std::exception\n");
  }
}

}  // namespace weft
