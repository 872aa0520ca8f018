#include "client.hpp"

#include <algorithm>
#include <mutex>

#include "errors.hpp"

namespace redis {
namespace {

using namespace std::chrono_literals;

constexpr auto first_pause = 10ms, longest_pause = 1000ms;
constexpr auto attempt = 3s;  // at connecting

}  // namespace

reply client::call(request const& command, weft::deadline until) { return only(pipeline(command, until)); }

std::vector<reply> client::pipeline(request const& commands, weft::deadline until) {
  if (commands.commands() == 0) return {};
  for (;;) {
    try {
      return connected(until)->ask(commands, until);
    } catch (not_sent const&) {  // over the next connection, then
    }
  }
}

std::shared_ptr<session> client::connected(weft::deadline until) {
  if (!lock_.try_lock_until(until)) throw weft::timeout_error{"no connection in time"};
  std::lock_guard const locked{lock_, std::adopt_lock};
  if (session_ && !session_->ended()) return session_;
  if (session_) {  // one that has ended without an answer is as good as none
    refused_ = session_->has_answered() ? nullptr : session_->why();
    if (!refused_) pause_ = 0ms;
    session_.reset();
  }
  for (;;) {
    pause(until);
    try {
      session_ = std::make_shared<session>(server_, std::min(weft::deadline{attempt}.time(), until.time()), reply_limit_);
      ++connections_;
      return session_;
    } catch (std::runtime_error const&) {  // std::system_error, weft::timeout_error
      refused_ = std::current_exception();
    }
  }
}

// No attempt fits in before the deadline: says so at once, and why the last one has failed.
void client::pause(weft::deadline until) {
  if (weft::deadline{pause_}.time() >= until.time()) {
    if (refused_) std::rethrow_exception(refused_);
    throw weft::timeout_error{"no connection in time"};
  }
  weft::this_task::sleep_for(pause_);
  pause_ = std::clamp<std::chrono::milliseconds>(2 * pause_, first_pause, longest_pause);
}

}  // namespace redis
