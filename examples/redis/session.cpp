#include "session.hpp"

#include <weft/cancel.hpp>
#include <weft/task_group.hpp>
#include <weft/timeout.hpp>

#include <chrono>
#include <utility>

namespace redis {
namespace {

constexpr std::chrono::seconds patience{30};  // with a server that owes a reply and sends nothing: time-outs of TCP take a quarter of an hour
constexpr std::size_t enough = 64 * 1024;     // bytes for one write

}  // namespace

std::vector<reply> session::ask(request const& commands, weft::deadline until) {
  if (!places_.try_acquire_until(until)) throw weft::timeout_error{"the server is behind"};
  entry e{commands.wire(), commands.commands(), {}, weft::permit{places_, 1, std::adopt_lock}};
  auto answer = e.answer.get_future();
  try {
    queued_.put(std::move(e));
  } catch (weft::closed_error const&) {
    throw not_sent{};
  }
  return weft::with_timeout(until, [&] { return answer.take(); });  // late or cancelled: so is the future, and the entry stays in line
}

void session::serve() {
  try {
    weft::with_group([this](weft::task_group& both) {
      both.spawn([this] { write(); });
      read();
    });
  } catch (weft::exception_group const& e) {
    why_ = e.exceptions().front();
  } catch (weft::cancelled const&) {  // the client goes away
    why_ = std::make_exception_ptr(connection_lost{std::make_error_code(std::errc::operation_canceled)});
  }
  weft::shield_scope const to_the_end;
  queued_.close();
  if (answering_) answering_->answer.try_set_exception(why_);
  answering_.reset();
  while (auto sent = in_flight_.try_get()) sent->answer.try_set_exception(why_);
  while (auto unsent = queued_.try_get_until(weft::never)) {  // also what is being put at this moment
    unsent->answer.try_set_exception(std::make_exception_ptr(not_sent{}));
  }
}

// Whatever has been queued while the last write took goes out with the next one.
void session::write() {
  for (;;) {
    std::string batch;
    for (std::optional next{queued_.get()}; next; next = batch.size() < enough ? queued_.try_get() : std::nullopt) {
      if (next->answer.cancelled()) continue;  // nobody wants it any more
      batch += std::exchange(next->wire, {});
      (void)in_flight_.try_put(std::move(*next));  // before its reply can come. There is always room: see places_
    }
    connection_.send(batch);
  }
}

// Reads also when nothing is in flight, and so sees at once that the server goes away.
void session::read() {
  std::vector<reply> replies;
  for (;;) {
    bool const owed = answering_ || !in_flight_.empty();
    try {
      replies.push_back(connection_.receive(patience));
    } catch (weft::timeout_error const&) {
      if (owed) throw connection_lost{std::make_error_code(std::errc::timed_out)};
      continue;
    }
    if (!answering_) answering_ = in_flight_.try_get();
    if (!answering_) replies.back().throw_if_error();  // "ERR max number of clients reached"
    if (!answering_) throw protocol_error{"a reply that nobody has asked for"};
    if (replies.size() != answering_->commands) continue;
    has_answered_.store(true, std::memory_order_relaxed);
    answering_->answer.try_set_value(std::exchange(replies, {}));
    answering_.reset();
  }
}

}  // namespace redis
