#pragma once
// Rings when jobs have been added, on a connection of its own: nobody has to ask all the time whether there are any.

#include <memory>
#include <string>
#include <utility>
#include <weft/deadline.hpp>

#include "client/connection.hpp"

namespace jobs {

class bell {
 public:
  explicit bell(std::string dsn) : dsn_{std::move(dsn)} {}

  // S  Until jobs have been added since the last time, or at_most has passed. Returns at once when it has just begun to listen, for
  // nobody knows what was added before.
  void wait(weft::clock::duration at_most);

 private:
  void listen();

  std::string const dsn_;
  std::unique_ptr<postgres::connection> c_;
};

}  // namespace jobs
