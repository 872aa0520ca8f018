#include "load.hpp"

#include <weft/errors.hpp>
#include <weft/task_group.hpp>

#include <cstdio>
#include <string_view>

#include "errors.hpp"

namespace redis {

using namespace std::chrono_literals;

namespace {
long long number(reply const& counter) { return counter.is_nil() ? 0 : std::stoll(std::string{counter.text()}); }
}  // namespace

load::load(client& c, load_options const& o) : client_{c}, options_{o}, accounts_(o.tasks) {
  for (std::size_t i = 0; i != accounts_.size(); ++i) {
    accounts_[i].counter = "weft:counter:" + std::to_string(i);
    accounts_[i].text = "weft:text:" + std::to_string(i);
  }
}

void load::run() {
  clear();
  weft::task_group all;
  for (auto& a : accounts_) all.spawn([this, &a] { work(a); });
  all.join();
}

void load::work(account& a) {
  for (unsigned sent = 0, step = 0; sent < options_.commands; ++step) {
    if (step % 50 == 0)
      increment_impatiently(a, std::chrono::microseconds{step * 7919 % 1000}), sent += 1;
    else if (step % 3 == 0)
      set_and_get(a, step), sent += 2;
    else if (step % 3 == 1)
      increment_several(a), sent += 4;
    else
      increment(a), sent += 1;
  }
}

// What was lost with its connection is asked again, though it may have been carried out: here that does no harm.
template <class F>
auto load::insist(F ask) {
  weft::deadline const until{options_.patience};
  for (;; ++retried_) {
    try {
      return ask(until);
    } catch (connection_lost const&) {
      if (until.passed()) throw;
    } catch (server_error const& e) {  // it has just been started
      if (!std::string_view{e.what()}.starts_with("LOADING") || until.passed()) throw;
      weft::this_task::sleep_for(10ms);
    }
  }
}

void load::increment(account& a) {
  take(a, insist([&](weft::deadline until) {
         ++a.unknown;
         return client_.call({"INCR", a.counter}, until);
       }));
}

// Gives up before it is sent, or while it is in flight, or not at all. The replies to all others have to be right all the same.
void load::increment_impatiently(account& a, weft::deadline until) try {
  ++a.unknown;
  take(a, client_.call({"INCR", a.counter}, until));
} catch (weft::timeout_error const&) {
  ++given_up_;
} catch (std::system_error const&) {  // no connection at the moment, or one that was lost
  ++given_up_;
}

void load::set_and_get(account& a, unsigned step) {
  std::string const text{"any bytes\r\n$5\r\n" + std::to_string(step) + '\0' + a.text};
  check(insist([&](weft::deadline until) { return client_.call({"SET", a.text, text}, until); }).text() == "OK");
  check(insist([&](weft::deadline until) { return client_.call({"GET", a.text}, until); }).text() == text);
  answered_ += 2;
}

void load::increment_several(account& a) {
  request several;
  for (int i = 0; i != 3; ++i) several.add({"INCR", a.counter});
  several.add({"GET", a.counter});
  auto const replies = insist([&](weft::deadline until) {
    a.unknown += 3;
    auto all = client_.pipeline(several, until);
    all.front().throw_if_error();
    return all;
  });
  for (std::size_t i = 0; i != 3; ++i) take(a, replies[i]);
  check_counter(a, number(replies[3]), a.last);
  ++answered_;
}

void load::take(account& a, reply const& incremented) {
  --a.unknown;
  ++a.acknowledged;
  ++answered_;
  check_counter(a, incremented.integer(), a.last + 1);
}

// Only this task counts there: it can be no more than all it has begun.
void load::check_counter(account& a, long long now, long long at_least) {
  check(now >= at_least && static_cast<unsigned long long>(now) <= a.acknowledged + a.unknown);
  a.last = now;
}

void load::check(bool right) {
  if (!right) ++wrong_;
}

bool load::verify() {
  for (auto& a : accounts_) {
    auto const value = insist([&](weft::deadline until) { return client_.call({"GET", a.counter}, until); });
    check_counter(a, number(value), static_cast<long long>(a.acknowledged));
  }
  return wrong_ == 0;
}

void load::clear() {
  request all;
  for (auto const& a : accounts_) all.add({"DEL", a.counter, a.text});
  insist([&](weft::deadline until) {
    auto replies = client_.pipeline(all, until);
    for (auto const& r : replies) r.throw_if_error();
    return replies;
  });
}

void load::print_totals(std::chrono::duration<double> took) const {
  unsigned long long acknowledged = 0, unknown = 0;
  for (auto const& a : accounts_) {
    acknowledged += a.acknowledged;
    unknown += a.unknown;
  }
  std::printf("commands    %llu answered in %.2f s, %.0f a second\n", answered_.load(), took.count(),
              static_cast<double>(answered_.load()) / took.count());
  std::printf("            %llu retried, %llu given up, %llu answered wrongly\n", retried_.load(), given_up_.load(), wrong_.load());
  std::printf("increments  %llu acknowledged, %llu unknown\n", acknowledged, unknown);
  std::printf("connections %zu\n", client_.connections());
}

void load::print_counters() const {
  for (auto const& a : accounts_) {
    std::printf("%s %lld: %llu acknowledged, %llu unknown\n", a.counter.c_str(), a.last, a.acknowledged, a.unknown);
  }
}

}  // namespace redis
