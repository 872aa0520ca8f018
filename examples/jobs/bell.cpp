#include "bell.hpp"

#include <weft/errors.hpp>
#include <weft/task.hpp>
#include <weft/timeout.hpp>

namespace jobs {

void bell::wait(weft::clock::duration at_most) {
  weft::deadline const end{at_most};
  try {
    weft::with_timeout(end, [&] {
      if (c_ && c_->usable())
        c_->wait_notified();
      else
        listen();
    });
  } catch (weft::timeout_error const&) {
  } catch (postgres::sql_error const& e) {
    if (!e.lost()) throw;
    weft::this_task::sleep_until(end);
  }
}

void bell::listen() {
  c_.reset();
  auto c = std::make_unique<postgres::connection>(dsn_);
  c->execute("listen weft_job");
  c_ = std::move(c);
}

}  // namespace jobs
