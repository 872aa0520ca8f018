// channel: what does not depend on its values.
#include <weft/channel.hpp>

#include <weft/errors.hpp>

namespace weft::detail {

void throw_channel_closed() { throw closed_error("weft: the channel is closed"); }

}  // namespace weft::detail
