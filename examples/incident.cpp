// incident: a service that has stalled, to practise on. docs/debugging.md finds out why, with one command each.
//
// Requests book into one ledger, under its mutex. The audit holds that mutex while it waits for the bank, whose reply never comes. So 40
// requests stand in line, and nothing is wrong with any of them.
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <mutex>
#include <optional>
#include <string>

#include <unistd.h>

#include <weft/weft.hpp>

namespace incident {

using namespace std::chrono_literals;

constexpr std::size_t requests = 40;

struct ledger {
  weft::mutex lock;
  long sum = 0;
};

std::string ask(weft::stream& bank, std::string const& question) {
  bank.write_all(question + '\n');
  std::string reply;
  bank.read_until(reply, "\n", 100);
  return reply;
}

// The mistake: it waits for somebody else with the lock in its hand, and without a time limit.
void audit(ledger& books, weft::stream& bank) {
  std::lock_guard const all_of_it(books.lock);
  if (std::stol(ask(bank, "balance?")) != books.sum) std::puts("the bank has another sum");
}

void book(ledger& books) {
  std::lock_guard const one(books.lock);
  ++books.sum;
}

void tell_the_time() {
  for (;;) weft::this_task::sleep_for(10ms);
}

std::size_t waiting_for(std::string const& what) {
  std::size_t n = 0;
  for (auto const& t : weft::all_tasks()) n += t.waits_for.starts_with(what) ? 1 : 0;
  return n;
}

void read_input_to_its_end() {
  char some[100];
  while (::read(STDIN_FILENO, some, sizeof some) > 0) {
  }
}

void serve(char const* inspect_at) {
  std::optional<weft::inspect_socket> socket;
  if (inspect_at != nullptr) socket.emplace(inspect_at);
  weft::trace::record(true);

  ledger books;
  auto [bank, teller] = weft::unix_stream::pair();
  std::string question;
  weft::task_group service;
  auto const clock = service.spawn({.name = "clock"}, tell_the_time);
  auto const audited = service.spawn({.name = "audit"}, [&books, &line = bank] {
    try {
      audit(books, line);
    } catch (weft::eof_error const&) {
      std::puts("the bank has gone");
    }
  });
  teller.read_until(question, "\n", 100);  // and says nothing
  for (std::size_t i = 0; i != requests; ++i) service.spawn({.name = "request-" + std::to_string(i)}, [&books] { book(books); });
  while (waiting_for("a mutex") != requests) weft::this_task::yield();
  std::printf("stalled: process %d\n", static_cast<int>(::getpid()));
  std::fflush(stdout);

  auto input = weft::run_blocking(read_input_to_its_end);
  input.set_name("input");
  input.wait();
  teller.close();
  clock.cancel();
  service.join();
  std::printf("booked %ld\n", books.sum);
}

}  // namespace incident

// incident [SOCKET]: opens an inspect_socket there. Ends when its input does.
int main(int argc, char** argv) try {
  if (argc > 2) {
    std::fputs("usage: incident [SOCKET]\n", stderr);
    return 2;
  }
  weft::run({.name = "incident", .workers = 2}, [at = argc == 2 ? argv[1] : nullptr] { incident::serve(at); });
  return 0;
} catch (std::exception const& e) {
  std::fprintf(stderr, "incident: %s\n", e.what());
  return 1;
}
