#include "bench/support/peer_servers.hpp"

#include "bench/http/config.hpp"

namespace bench::http {

static bool const known = add_peer_servers("http", &add);

}  // namespace bench::http
