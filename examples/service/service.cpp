// service: one function for each of its pages.
#include "service.hpp"

#include <array>
#include <cctype>
#include <chrono>
#include <cstddef>
#include <functional>
#include <sstream>
#include <utility>
#include <weft/parallel.hpp>
#include <weft/timeout.hpp>
#include <weft/wait.hpp>

namespace service {
namespace {

using namespace std::chrono_literals;
using boost::beast::http::status;
using boost::beast::http::verb;

constexpr auto patience = 2s;      // with the upstream
constexpr auto second_try = 50ms;  // it should have answered by then: ask once more, and take whichever comes first

weft::http_response text(std::string body, status s = status::ok, char const* type = "text/plain") {
  weft::http_response r{s, 11};
  r.set(boost::beast::http::field::content_type, type);
  r.body() = std::move(body);
  return r;
}

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

}  // namespace

weft::http_response service::answer(weft::http_request const& request) {
  requests_.fetch_add(1);
  auto const target = std::string_view{request.target().data(), request.target().size()};
  if (target == "/words" && request.method() == verb::post) return count_words(request.body());
  if (request.method() != verb::get) return text("only GET, and POST to /words\n", status::method_not_allowed);
  if (target == "/cheap") return text("ok\n");
  if (target == "/hog") return compute();
  if (target == "/upstream" || target == "/upstream/lost") return ask_upstream(target);
  if (target == "/metrics") return text(metrics(), status::ok, "text/plain; version=0.0.4");
  if (target == "/tasks") return text(tasks(), status::ok, "application/json");
  return text("no such page\n", status::not_found);
}

// Never lets another task run: the library sees to it that others do.
weft::http_response service::compute() {
  std::uint64_t n = 1;
  for (auto const end = std::chrono::steady_clock::now() + 20ms; std::chrono::steady_clock::now() < end;) n = n * 6364136223846793005u + 1;
  return text(std::to_string(n) + "\n");
}

// All idle workers help. Words begin where a letter follows none.
weft::http_response service::count_words(std::string const& body) {
  auto const turn = counting_.enter();
  if (!turn) {
    overloads_.fetch_add(1);
    auto r = text("too busy\n", status::service_unavailable);
    r.set(boost::beast::http::field::retry_after, "1");
    return r;
  }
  auto const begins = [&body](std::size_t i) { return std::size_t{is_letter(body[i]) && (i == 0 || !is_letter(body[i - 1]))}; };
  auto const words = weft::parallel_reduce(std::size_t{0}, body.size(), std::size_t{0}, begins, std::plus<>{});
  return text(std::to_string(words) + "\n");
}

// Hedged: the slower of two attempts is cancelled, which closes its connection.
weft::http_response service::ask_upstream(std::string_view target) try {
  auto const attempt = [&](std::string_view server) {
    return std::function{[this, where = target == "/upstream" ? server : "/lost"] {
      attempts_.fetch_add(1);
      return weft::http_get(slow_.where(), where);
    }};
  };
  auto const answer = weft::with_timeout(patience, [&] { return weft::race_staggered(std::array{attempt("/first"), attempt("/second")}, second_try); });
  return answer.result() == status::ok ? text(answer.body()) : text("the upstream is broken\n", status::bad_gateway);
} catch (weft::timeout_error const&) {
  timeouts_.fetch_add(1);
  return text("the upstream does not answer\n", status::gateway_timeout);
} catch (weft::exception_group const&) {  // of both attempts
  return text("the upstream is broken\n", status::bad_gateway);
}

// The service's own counters, then weft's: https://prometheus.io/docs/instrumenting/exposition_formats.
std::string service::metrics() const {
  std::string all;
  auto const add = [&all](std::string const& name, char const* help, std::uint64_t n) {
    all += "# HELP " + name + ' ' + help + "\n# TYPE " + name + " counter\n" + name + ' ' + std::to_string(n) + '\n';
  };
  add("service_requests_total", "Requests that have come.", requests_.load());
  add("service_overloads_total", "Requests to /words that were turned away.", overloads_.load());
  add("service_upstream_attempts_total", "Requests sent to the upstream, second tries among them.", attempts_.load());
  add("service_upstream_timeouts_total", "Requests to /upstream that it has not answered in time.", timeouts_.load());
  add("upstream_requests_total", "Requests that have come to the upstream.", slow_.asked());
  return all + weft::to_prometheus(weft::runtime::current()->metrics());
}

// Not for everybody's eyes.
std::string service::tasks() {
  std::ostringstream all;
  weft::runtime::current()->dump_json(all);
  return std::move(all).str();
}

}  // namespace service
