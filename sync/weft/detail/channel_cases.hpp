#pragma once
// A receive from, or a send to, a channel as a case of select(): a meeting, or a case of its queue.
#include <optional>
#include <variant>

#include <weft/channel.hpp>
#include <weft/detail/queue_cases.hpp>

namespace weft::detail {

// One's own side of a rendezvous, and the other.
template <class T>
class meeting_case : public select_case {
 protected:
  using core = rendezvous_core;

  meeting_case(rendezvous<T>& r, core::side& mine, core::side& others, void* value) noexcept
      : select_case(&r.lock_, &me_), place_(r), mine_(mine), others_(others), me_(waiter::one_of_several{}, value) {}
  ~meeting_case() = default;

  static core::side& senders(rendezvous<T>& r) noexcept { return r.senders_; }
  static core::side& receivers(rendezvous<T>& r) noexcept { return r.receivers_; }

  // Taken: with a partner, or `how` says closed. Claimed: `how` is what the claimer wrote.
  [[nodiscard]] bool has_partner() const noexcept { return other_.who != nullptr; }
  [[nodiscard]] bool closed() const noexcept { return me_.how == core::outcome::closed; }

  void serve(outgoing<T>& v) {
    core::release const after{other_};
    rendezvous<T>::serve(*other_.who, v);
  }
  void take_into(std::optional<T>& v) {
    core::release const after{other_};
    rendezvous<T>::take(*other_.who, v);
  }

 private:
  bool take() noexcept override {
    other_.who = core::claim_oldest(others_, other_.claimed);
    if (other_.who != nullptr) return true;
    if (place_.closed()) me_.how = core::outcome::closed;
    return closed();
  }
  void list() noexcept override {
    bool const had_its_turn = again();
    me_.how = core::outcome::served;
    had_its_turn ? mine_.push_front(me_) : mine_.push_back(me_);
  }
  void leave() noexcept override {
    (void)lock_word(place_.lock_);
    mine_.remove(me_);
    place_.lock_.store(0, std::memory_order_release);
  }
  [[nodiscard]] bool again() const noexcept override { return me_.how == core::outcome::again; }

  rendezvous<T>& place_;
  core::side& mine_;
  core::side& others_;
  core::party me_;
  core::partner other_;
};

template <class T>
class meeting_receive final : public meeting_case<T> {
 public:
  explicit meeting_receive(rendezvous<T>& r) noexcept
      : meeting_case<T>(r, meeting_case<T>::receivers(r), meeting_case<T>::senders(r), &value_) {}
  // Chosen. Empty: closed.
  std::optional<T> finish() {
    if (this->has_partner()) this->take_into(value_);
    return std::move(value_);
  }

 private:
  std::optional<T> value_;
};

template <class T>
class meeting_send final : public meeting_case<T> {
 public:
  meeting_send(rendezvous<T>& r, outgoing<T> v) noexcept
      : meeting_case<T>(r, meeting_case<T>::senders(r), meeting_case<T>::receivers(r), &value_), value_(v) {}
  // Chosen. False: closed.
  [[nodiscard]] bool finish() {
    if (this->has_partner()) {
      this->serve(value_);
      return true;
    }
    return !this->closed();
  }

 private:
  outgoing<T> value_;
};

struct channel_access {
  template <class T>
  static queue<T>* buffer(channel<T>& c) noexcept {
    return c.buffer();
  }
  template <class T>
  static rendezvous<T>& meeting(channel<T>& c) noexcept {
    return c.meeting();
  }
};

// One of two cases, for good.
template <class Meeting, class Buffer>
class channel_case {
 public:
  template <class T, class... Value>
  explicit channel_case(channel<T>& c, Value... v) {
    if (queue<T>* const q = channel_access::buffer(c)) {
      way_.template emplace<Buffer>(*q, v...);
    } else {
      way_.template emplace<Meeting>(channel_access::meeting(c), v...);
    }
  }
  [[nodiscard]] select_case& base() noexcept {
    if (auto* const b = std::get_if<Buffer>(&way_)) return *b;
    return *std::get_if<Meeting>(&way_);
  }
  auto finish() {
    if (auto* const b = std::get_if<Buffer>(&way_)) return b->finish();
    return std::get_if<Meeting>(&way_)->finish();
  }

 private:
  std::variant<std::monostate, Meeting, Buffer> way_;
};

}  // namespace weft::detail
