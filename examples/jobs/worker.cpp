#include "worker.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <mutex>
#include <utility>
#include <weft/cancel.hpp>
#include <weft/select.hpp>

#include "work.hpp"

namespace jobs {
namespace {

std::string host_and_pid() {
  std::array<char, 256> host{};
  (void)::gethostname(host.data(), host.size() - 1);
  return std::string{host.data()}.append(":").append(std::to_string(::getpid()));
}

void complain(job const& j, char const* why) noexcept { std::fprintf(stderr, "jobs: job %lld: %s\n", static_cast<long long>(j.id), why); }

}  // namespace

worker::worker(store& s, bell& b, work_options const& opt)
    : store_{s}, bell_{b}, opt_{opt}, name_{host_and_pid()}, room_{std::ptrdiff_t{opt.parallel} + opt.batch}, turns_{opt.parallel} {}

// Between a claim and its last spawn nothing may throw `cancelled`.
void worker::claim(weft::task_group& running) {
  {
    weft::permit const whole_batch{room_, opt_.batch};
  }
  auto const claimed = store_.claim(name_, opt_.batch, opt_.lease);
  for (job const& j : claimed) {
    (void)room_.try_acquire();  // there is room, and nobody else takes of it
    running.spawn([this, j, place = weft::permit{room_, 1, std::adopt_lock}] { attend(j); });
  }
  if (claimed.empty()) bell_.wait(opt_.poll);
}

// When it fails, or is cancelled, the job is left to its lease, which runs out.
void worker::attend(job const& j) try {
  if (j.attempt > opt_.attempts) return note(tally_.failed, store_.fail(j, "its workers went away"));
  auto const work = weft::spawn([this, j] { return run_in_turn(j); });
  auto const keeper = weft::fork([&] { keep(j, work); });
  settle(j, work);
} catch (std::exception const& e) {
  complain(j, e.what());
}

// Empty: it has not begun, and this worker stops.
std::optional<std::string> worker::run_in_turn(job const& j) {
  weft::permit turn;
  weft::select(weft::on_acquire(turns_, [&] { turn = weft::permit{turns_, 1, std::adopt_lock}; }), weft::on_set(stopping_, [] {}));
  if (!turn) return std::nullopt;
  return perform(j);
}

// Until the lease is lost, or cannot be renewed; the work is for nothing then.
void worker::keep(job const& j, weft::task<std::optional<std::string>> const& work) {
  try {
    do weft::this_task::sleep_for(opt_.lease / 3);
    while (store_.renew(j, opt_.lease));
  } catch (std::exception const& e) {
    complain(j, e.what());
  }
  work.cancel("its lease was lost");
}

void worker::settle(job const& j, weft::task<std::optional<std::string>> const& work) {
  std::optional<std::string> result;
  try {
    result = work.get();
  } catch (weft::task_cancelled_error const&) {
    return note(tally_.done, false);
  } catch (std::exception const& e) {
    return attempt_failed(j, e.what());
  }
  if (result)
    note(tally_.done, store_.finish(j, *result));
  else
    note(tally_.given_back, store_.give_back(j));
}

void worker::attempt_failed(job const& j, std::string const& why) {
  if (j.attempt >= opt_.attempts) return note(tally_.failed, store_.fail(j, why));
  auto const pause = opt_.pause * (1 << std::min(j.attempt - 1, 20u));
  note(tally_.put_off, store_.put_off(j, std::min<milliseconds>(pause, std::chrono::hours{1}), why));
}

}  // namespace jobs
