// The SIGSEGV handler that reports a stack overflow, and the alternate stacks it runs on.
#include "scheduler/overflow.hpp"

#include <atomic>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <mutex>
#include <string_view>

#include <sys/mman.h>
#include <unistd.h>

#include "scheduler/stack.hpp"

namespace weft::detail {

namespace {

constexpr std::size_t alternate_bytes = std::size_t{64} << 10;  // room for a previous handler that symbolises

std::mutex installing;         // the three below; the handler only reads `previous`, set before it can run
std::size_t installed = 0;     // calls of install not yet removed
bool below_another = false;    // ours was covered by another's action when the last runtime went
struct sigaction previous {};  // what was there before ours
std::atomic<describe_fn> describe_task{nullptr};

class line {
 public:
  void add(std::string_view text) noexcept {
    text = text.substr(0, sizeof text_ - size_);
    std::memcpy(text_ + size_, text.data(), text.size());
    size_ += text.size();
  }
  void add(std::size_t number) noexcept {
    char digits[24];
    add({digits, std::to_chars(digits, digits + sizeof digits, number).ptr});
  }
  void print() const noexcept {
    [[maybe_unused]] auto const written = ::write(STDERR_FILENO, text_, size_);
  }

 private:
  char text_[1024];
  std::size_t size_ = 0;
};

void report(stack const& s) noexcept {
  char who[512] = "a task";
  // acquire: pairs with the release in install; what `describe` looks at was set up before.
  if (auto const describe = describe_task.load(std::memory_order_acquire)) {
    describe(s.base, who, sizeof who);
    who[sizeof who - 1] = '\0';
  }
  line text;
  text.add("weft: stack overflow in ");
  text.add(std::string_view(who));
  text.add(": stack of ");
  text.add(s.size >> 10);
  text.add(" KiB exhausted; give it more with task_options::stack_size or runtime_options::stack_size\n");
  text.print();
}

void restore_default() noexcept {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  ::sigaction(SIGSEGV, &action, nullptr);
}

bool has_flag(struct sigaction const& action, int flag) noexcept { return (action.sa_flags & flag) != 0; }

bool calls_nothing(struct sigaction const& action) noexcept {
  return !has_flag(action, SA_SIGINFO) && (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN);
}

void pass_on(int signal, siginfo_t* info, void* context) noexcept {
  if (calls_nothing(previous)) {
    bool const fault = info->si_code > 0;
    if (!fault && previous.sa_handler == SIG_IGN) return;  // the kernel does not ignore faults, only kill()
    restore_default();
    if (!fault) ::raise(signal);  // a fault repeats by itself when we return, kill() does not
    return;
  }
  if (has_flag(previous, static_cast<int>(SA_RESETHAND))) restore_default();
  if (has_flag(previous, SA_SIGINFO)) {
    previous.sa_sigaction(signal, info, context);
  } else {
    previous.sa_handler(signal);
  }
}

void on_fault(int signal, siginfo_t* info, void* context) noexcept {
  int const saved = errno;
  stack s;
  bool in_guard = false;
  // Only a fault has an address; in a signal sent by kill() the same bytes are the sender.
  if (info->si_code > 0 && stack_pool::locate(info->si_addr, s, in_guard) && in_guard) report(s);
  pass_on(signal, info, context);
  errno = saved;
}

bool is_ours(struct sigaction const& action) noexcept {
  return has_flag(action, SA_SIGINFO) && action.sa_sigaction == on_fault;
}

}  // namespace

void install_overflow_handler(describe_fn describe) noexcept {
  std::scoped_lock const lock(installing);
  // release: pairs with the acquire in report().
  describe_task.store(describe, std::memory_order_release);
  if (installed++ != 0) return;
  struct sigaction now {};
  ::sigaction(SIGSEGV, nullptr, &now);
  // Over another's action that may call ours, ours must not come again: they would call each other for ever.
  bool const there = is_ours(now);
  below_another = below_another && !there && !calls_nothing(now);
  if (there || below_another) return;
  previous = now;
  struct sigaction action {};
  action.sa_sigaction = on_fault;
  // The previous handler finds its own mask when ours calls it.
  action.sa_mask = previous.sa_mask;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | (previous.sa_flags & (SA_NODEFER | SA_RESTART));
  ::sigaction(SIGSEGV, &action, nullptr);
}

void remove_overflow_handler() noexcept {
  std::scoped_lock const lock(installing);
  assert(installed != 0);
  if (--installed != 0) return;
  // release: pairs with the acquire in report(), as every store to it.
  describe_task.store(nullptr, std::memory_order_release);
  struct sigaction now {};
  ::sigaction(SIGSEGV, nullptr, &now);
  if (is_ours(now)) {
    ::sigaction(SIGSEGV, &previous, nullptr);
    below_another = false;
  } else {
    below_another = true;
  }
}

alternate_stack::alternate_stack() noexcept {
  void* const memory = ::mmap(nullptr, alternate_bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) return;
  stack_t mine{};
  mine.ss_sp = memory;
  mine.ss_size = alternate_bytes;
  if (::sigaltstack(&mine, &previous_) == 0) {
    memory_ = memory;
  } else {
    ::munmap(memory, alternate_bytes);
  }
}

alternate_stack::~alternate_stack() {
  if (memory_ == nullptr) return;
  stack_t now{};
  // Someone else's may lie over ours by now; it stays.
  if (::sigaltstack(nullptr, &now) == 0 && now.ss_sp == memory_) ::sigaltstack(&previous_, nullptr);
  ::munmap(memory_, alternate_bytes);
}

}  // namespace weft::detail
