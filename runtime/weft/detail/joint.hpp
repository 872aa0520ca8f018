#pragma once
// joint: one wait for several futures that belong together, as gather() and race() do it. Lives on the waiting stack.
//
// It passes a cancellation of the waiting task on to all of them; once the outcome is decided it cancels those that are not
// done; it always waits for all, since they may refer to the waiting stack. After the decision a further cancellation is
// left to the next checkpoint.
#include <cstdint>
#include <optional>

#include <weft/cancel.hpp>
#include <weft/detail/completions.hpp>

namespace weft::detail {

class joint : wait_record {
 public:
  enum class decides : std::uint8_t { first_error, first_value, nothing };

  explicit joint(decides) noexcept;
  joint(joint const&) = delete;
  joint& operator=(joint const&) = delete;
  // Left by an exception before wait() was over: cancels all, waits for them.
  ~joint();

  // A cancellation was pending at the beginning: only what runs already is waited for.
  [[nodiscard]] bool may_spawn() const noexcept { return !entered_requested_; }
  // The core is set. Null: a duplicate. The future has to outlive this object.
  void add(completion&) noexcept;

  // S  Until all are done. `in_place`: runs those that nobody has started here, the last added first. Their errors count as
  // looked at. Throws cancelled if a request is pending and all were done before.
  void wait(bool in_place);
  // S  Until the outcome is decided, or a cancellation was passed on: false; until `last` has ended otherwise, or `at`: true.
  [[nodiscard]] bool wait_turn(completion const& last, std::int64_t at);

  // After wait(). The first error, or `cancelled` if that was passed on; returns if there is neither.
  void throw_error();
  // `cancelled` if that was passed on.
  void throw_cancelled();
  // The first that has a value; else throws cancelled, or what has become of all, in the order they were added.
  [[nodiscard]] completion& winner();

 private:
  static void look(wait_record&, future_core& self) noexcept;
  void take_note() noexcept;
  void note(completion&) noexcept;
  void pass_on(future_core& self) noexcept;
  void cancel_rest(std::string_view message) noexcept;
  void run_unstarted();
  void wait_for_all() noexcept;
  void settle() noexcept;

  parker& me_;
  future_core* const self_;
  wait_record* const before_;
  unsigned const uncaught_;
  decides const decides_;
  bool const entered_requested_;
  bool over_ = false;
  int passed_on_ = 0;
  std::uint32_t done_ = 0;              // of those watched
  completion* decided_ = nullptr;
  std::optional<cancelled> request_;  // the last one passed on
  completions all_;
};

// The spawn site of children that have none of their own: the joining task's.
[[nodiscard]] std::source_location joining_site() noexcept;
// What get() would throw.
[[nodiscard]] std::exception_ptr thrown_by(future_core&) noexcept;

}  // namespace weft::detail
