#pragma once
// rendezvous: a channel without a buffer. One's value goes straight to the other.
#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>

#include <weft/detail/outgoing.hpp>
#include <weft/detail/rendezvous_core.hpp>

namespace weft::detail {

template <class T>
class rendezvous : public rendezvous_core {
 public:
  enum class sent : std::uint8_t { yes, no, closed };

  // S if it waits. If the move throws, nothing was sent, and the receiver waits on, in its turn.
  sent send(outgoing<T> v, bool waits, std::int64_t until) {
    partner receiver;
    switch (meet(senders_, receivers_, &v, receiver, waits, until)) {
      case met::partner: {
        release const after{receiver};
        serve(*receiver.who, v);
        return sent::yes;
      }
      case met::served:
        return sent::yes;
      case met::nobody:
        return sent::no;
      default:
        return sent::closed;
    }
  }
  // S if it waits. Empty: closed, late, or nobody there. If the move throws, that value is lost; its sender has sent it.
  void receive(std::optional<T>& into, bool waits, std::int64_t until) {
    partner sender;
    if (meet(receivers_, senders_, &into, sender, waits, until) != met::partner) return;
    release const after{sender};
    take(*sender.who, into);
  }

 private:
  template <class>
  friend class meeting_case;

  static void move(outgoing<T>& from, std::optional<T>& to) {
    from.give([&](auto&& v) { to.emplace(std::forward<decltype(v)>(v)); });
  }
  // Both with a claimed partner.
  static void serve(party& receiver, outgoing<T>& v) {
    constexpr bool quiet = std::is_nothrow_move_constructible_v<T> &&
                           (std::is_nothrow_copy_constructible_v<T> || !copyable<T>);
    if constexpr (quiet) {
      move(v, *static_cast<std::optional<T>*>(receiver.value));
    } else {
      try {
        move(v, *static_cast<std::optional<T>*>(receiver.value));
      } catch (...) {
        receiver.how = outcome::again;
        throw;
      }
    }
  }
  static void take(party& sender, std::optional<T>& into) { move(*static_cast<outgoing<T>*>(sender.value), into); }
};

}  // namespace weft::detail
