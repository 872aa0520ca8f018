#pragma once
// A pool of connections: so many at most, opened when they are wanted, and replaced when they break.

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>
#include <weft/semaphore.hpp>

#include "connection.hpp"

namespace postgres {

class pool {
 public:
  pool(std::string dsn, std::size_t size) : dsn_{std::move(dsn)}, places_{static_cast<std::ptrdiff_t>(size)} { idle_.reserve(size); }

  // A connection for a scope; unusable then, it is closed, and the next one will be new.
  class lease {
   public:
    lease(lease&&) noexcept = default;
    ~lease() {
      if (c_ && c_->usable()) from_->give_back(std::move(c_));
    }
    connection& operator*() const noexcept { return *c_; }
    connection* operator->() const noexcept { return c_.get(); }

   private:
    friend class pool;
    lease(pool& from, weft::permit place, std::unique_ptr<connection> c) : from_{&from}, place_{std::move(place)}, c_{std::move(c)} {}
    pool* from_;
    weft::permit place_;
    std::unique_ptr<connection> c_;
  };

  // S  First come first served. What connection() throws.
  [[nodiscard]] lease take();

  [[nodiscard]] std::string const& dsn() const noexcept { return dsn_; }

 private:
  [[nodiscard]] std::unique_ptr<connection> idle();
  void give_back(std::unique_ptr<connection>) noexcept;

  std::string const dsn_;
  weft::semaphore places_;
  std::mutex lock_;  // never held over a wait
  std::vector<std::unique_ptr<connection>> idle_;
};

}  // namespace postgres
