#include "io/peer_watch.hpp"

#include "runtime/runtime_core.hpp"

namespace weft::detail {

peer_watch::peer_watch(detail::owner const& o)
    : cancel_scope(*current_core(), cancel_cause::requested, no_limit), mine_(o.core_, direction::reading, descriptor::sharing::shared) {
  if (mine_.entered == io_end::done) mine_.core().watch_peer(&this_parker());
}

peer_watch::~peer_watch() {
  if (mine_.entered == io_end::done) mine_.core().watch_peer(nullptr);
}

bool peer_watch::wants() const noexcept { return mine_.entered == io_end::done && mine_.core().peer_has_gone(); }

}  // namespace weft::detail
