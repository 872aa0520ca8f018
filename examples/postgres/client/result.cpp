#include "result.hpp"

#include <stdexcept>

namespace postgres {

long long result::affected() const {
  std::string_view const count = PQcmdTuples(of_.get());
  return count.empty() ? 0 : as<long long>(count);
}

std::optional<std::string_view> result::text(int row, int column) const {
  if (row < 0 || row >= rows() || column < 0 || column >= columns()) throw std::out_of_range{"postgres: no such field"};
  if (PQgetisnull(of_.get(), row, column) != 0) return std::nullopt;
  return std::string_view{PQgetvalue(of_.get(), row, column), static_cast<std::size_t>(PQgetlength(of_.get(), row, column))};
}

void result::refuse(std::string_view field) {
  throw std::runtime_error{std::string{"postgres: a field is not what was asked for: "}.append(field)};
}

}  // namespace postgres
