#pragma once
// sql_error: what the server refused, or that it cannot be reached.

#include <stdexcept>
#include <string>
#include <utility>

namespace postgres {

class sql_error : public std::runtime_error {
 public:
  sql_error(std::string const& message, std::string state) : std::runtime_error{message}, state_{std::move(state)} {}

  // SQLSTATE, five characters. Empty: the server did not say one; the connection is gone, or never came about.
  [[nodiscard]] std::string const& state() const noexcept { return state_; }
  // The connection is gone, or the server goes down or comes up. What was asked for may have been done all the same.
  [[nodiscard]] bool lost() const noexcept {
    return state_.empty() || state_.starts_with("08") || state_.starts_with("57P") || state_ == "25P03";  // idle in a transaction
  }
  // Another transaction was in the way (serialization failure, deadlock): nothing was done, and it may be tried again.
  [[nodiscard]] bool conflict() const noexcept { return state_ == "40001" || state_ == "40P01"; }

 private:
  std::string state_;
};

}  // namespace postgres
