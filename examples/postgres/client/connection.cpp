#include "connection.hpp"

#include <chrono>
#include <exception>
#include <new>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>
#include <weft/blocking.hpp>
#include <weft/cancel.hpp>
#include <weft/ready.hpp>
#include <weft/timeout.hpp>

namespace postgres {
namespace {

std::string one_line_end(char const* text) {  // without those that libpq adds
  std::string message = text;
  while (message.ends_with('\n')) message.pop_back();
  return message;
}

sql_error refusal(PGresult const* r) {
  char const* const state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
  char const* const message = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
  return {message != nullptr ? message : one_line_end(PQresultErrorMessage(r)), state != nullptr ? state : ""};
}

}  // namespace

connection::handle connection::start(std::string const& dsn) {
  std::array<char const*, 5> const names{"tcp_user_timeout", "options", "dbname", "client_encoding", nullptr};
  std::array<char const*, 5> const values{"10000", "-c idle_in_transaction_session_timeout=10000", dsn.c_str(), "UTF8", nullptr};
  // It looks up the host's name, and reads files.
  return weft::run_blocking([&] { return handle{PQconnectStartParams(names.data(), values.data(), 1)}; }).get();
}

connection::connection(std::string const& dsn) : of_{start(dsn)} {
  if (!of_) throw std::bad_alloc{};
  PQsetNoticeProcessor(of_.get(), [](void*, char const*) {}, nullptr);  // by default they go to stderr
  auto next = PQstatus(of_.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (next != PGRES_POLLING_OK) {
    if (next == PGRES_POLLING_FAILED) throw failure();
    // Each time ask for the descriptor: it is a new one for the next address, or without TLS.
    if (next == PGRES_POLLING_READING)
      weft::wait_readable(socket());
    else
      weft::wait_writable(socket());
    next = PQconnectPoll(of_.get());
  }
  if (PQsetnonblocking(of_.get(), 1) != 0) throw failure();
}

result connection::run(std::string const& sql, std::span<parameter const> parameters) {
  struct guard {  // nobody will take the answer any more
    connection& of;
    ~guard() {
      if (PQtransactionStatus(of.of_.get()) == PQTRANS_ACTIVE) of.cancel_on_server();
    }
  } const interrupted{*this};
  send(sql, parameters);
  return receive();
}

void connection::send(std::string const& sql, std::span<parameter const> parameters) {
  std::vector<char const*> texts;
  for (parameter const& p : parameters) texts.push_back(p.c_str());
  auto const count = static_cast<int>(texts.size());
  if (PQsendQueryParams(of_.get(), sql.c_str(), count, nullptr, texts.data(), nullptr, nullptr, 0) == 0) throw failure();
  for (int left; (left = PQflush(of_.get())) != 0;) {
    if (left < 0) throw failure();
    // The server may have to get rid of something before it reads on.
    if (weft::wait_ready(socket()).readable) consume();
  }
}

result connection::receive() {
  result last{nullptr};
  for (auto r = next(); r.handle() != nullptr; r = next()) {
    auto const status = PQresultStatus(r.handle());
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) throw sql_error{"no COPY here", "0A000"};
    last = std::move(r);
  }
  auto const status = PQresultStatus(last.handle());
  if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) throw refusal(last.handle());
  return last;
}

result connection::next() {
  while (PQisBusy(of_.get()) != 0) {
    weft::wait_readable(socket());
    consume();
  }
  return result{PQgetResult(of_.get())};
}

void connection::consume() {
  if (PQconsumeInput(of_.get()) == 0) throw failure();
}

void connection::roll_back() noexcept {
  auto const status = PQtransactionStatus(of_.get());
  if (status != PQTRANS_INTRANS && status != PQTRANS_INERROR) return;
  weft::shield_scope const whole;
  try {
    weft::with_timeout(std::chrono::seconds{2}, [this] { execute("rollback"); });
  } catch (std::exception const&) {
    // It is unusable now, and the server rolls back when it is closed.
  }
}

void connection::wait_notified() {
  for (bool any = false;;) {
    consume();
    while (PGnotify* const n = PQnotifies(of_.get())) {
      PQfreemem(n);
      any = true;
    }
    if (any) return;
    weft::wait_readable(socket());
  }
}

bool connection::usable() noexcept {
  return PQconsumeInput(of_.get()) != 0 && PQtransactionStatus(of_.get()) == PQTRANS_IDLE;
}

// Otherwise the server works on, and holds its locks. PQcancel() makes a connection of its own, and blocks: a thread does it, for
// which nobody waits.
void connection::cancel_on_server() noexcept {
  struct release {
    void operator()(PGcancel* c) const noexcept { PQfreeCancel(c); }
  };
  try {
    std::unique_ptr<PGcancel, release> request{PQgetCancel(of_.get())};
    if (!request) return;  // the connection is gone
    weft::run_blocking([r = std::move(request)] {
      std::array<char, 256> why{};
      (void)PQcancel(r.get(), why.data(), static_cast<int>(why.size()));
    }).detach();
  } catch (std::exception const&) {
    // Then it does work on.
  }
}

int connection::socket() const {
  int const fd = PQsocket(of_.get());
  if (fd < 0) throw failure();
  return fd;
}

sql_error connection::failure() const { return {one_line_end(PQerrorMessage(of_.get())), ""}; }

}  // namespace postgres
