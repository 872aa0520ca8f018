#pragma once
// explorer: runs two or three logical threads over the kernel's own source in every order and with every
// weak memory effect that its bounds allow. What it models and what not: README.md.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <new>
#include <utility>

namespace weft::model {

struct limits {
  int preemptions = 3;  // switches away from a thread that could have gone on
  int weak = 2;         // loads of an older value; looks at a word before another's store to it has drained
  int steps = 1500;     // of one execution; more is a livelock
};

// One execution, as the scenario sets it up. Memory lives until its end; destructors are not run.
class run {
 public:
  void thread(char const* name, std::function<void()> body);
  void at_end(std::function<void()> look);  // after all threads have finished

  template <class T, class... Args>
  T& make(char const* name, Args&&... args) {
    void* const at = allocate(sizeof(T), name);
    return *::new (at) T(std::forward<Args>(args)...);
  }

 private:
  static void* allocate(std::size_t size, char const* name);
};

struct scenario {
  char const* name;
  void (*set_up)(run&);
  limits bound = {};
};

// --expect-violation: success is that a scenario fails (a planted mistake).
int run_all(int argc, char** argv, std::initializer_list<scenario> scenarios);

[[noreturn]] void fail(char const* what);
inline void check(bool good, char const* what) {
  if (!good) fail(what);
}

// A wake-up by the scheduler: set once per wait(), or the wake-up was one too many.
class event {
 public:
  event();
  void set();
  void wait();
  [[nodiscard]] bool is_set() const noexcept { return set_; }

 private:
  int id_;
  bool set_ = false;
};

void spin();  // nothing to do until somebody else has written something

// Memory, for <weft/detail/atomic.hpp> of shadow/.
using bits = std::uint64_t;
// An object is known by the address of the number it was given, kept in it.
namespace memory {
int make_atomic(int const* self, bits first);
void end_atomic(int const* self);
bits load(int const* self, std::memory_order);
void store(int const* self, bits, std::memory_order);
bits update(int const* self, bits (*f)(bits old, bits argument), bits argument, std::memory_order);
bool compare(int const* self, bits& expected, bits desired, std::memory_order, std::memory_order failure);
void membarrier();  // after update(): every thread has a full fence here, the others' before the caller goes on
int make_plain(int const* self);
void end_plain(int const* self);
void read(int const* self);
void write(int const* self);
}  // namespace memory

}  // namespace weft::model
