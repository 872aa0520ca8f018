#include "scheduler/thread_stack.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <execinfo.h>
#include <link.h>
#include <signal.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#include "scheduler/small_file.hpp"

namespace weft::detail {
namespace {

constexpr std::size_t scanned = 16 * 1024, longest = 32;  // bytes of a blocked thread's stack; frames

// The thread that is asked, by its number; busy and answered are added by its handler, which finds itself asked or does nothing: the
// signal may come late, and then answers the next question to the same thread.
std::atomic<std::uint32_t> question{0};
constexpr std::uint32_t busy = 1u << 30, answered = 1u << 31;
std::array<void*, 2 * longest> written;
int written_size = 0;

void* counter_of(void* context) noexcept {
  auto const& registers = static_cast<ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return reinterpret_cast<void*>(registers.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return reinterpret_cast<void*>(registers.pc);
#else
  (void)registers;
  return nullptr;
#endif
}

bool is_code(std::uintptr_t address) noexcept {
  return ::dl_iterate_phdr(
             [](dl_phdr_info* object, std::size_t, void* wanted) {
               auto const a = *static_cast<std::uintptr_t*>(wanted);
               for (int i = 0; i != object->dlpi_phnum; ++i) {
                 auto const& segment = object->dlpi_phdr[i];
                 auto const begin = object->dlpi_addr + segment.p_vaddr;
                 if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X) != 0 && a >= begin && a < begin + segment.p_memsz) return 1;
               }
               return 0;
             },
             &address) != 0;
}

// Memory of a thread that goes on meanwhile: through the kernel, which neither faults nor races.
std::size_t copy(void* to, std::uintptr_t from, std::size_t n) noexcept {
  iovec const local{to, n}, remote{reinterpret_cast<void*>(from), n};
  auto const got = ::process_vm_readv(::getpid(), &local, 1, &remote, 1, 0);
  return got < 0 ? 0 : static_cast<std::size_t>(got);
}

bool follows_call(std::uintptr_t address) noexcept {
#if defined(__x86_64__)
  unsigned char before[7];
  if (!is_code(address - sizeof before) || copy(before, address - sizeof before, sizeof before) != sizeof before) return false;
  if (before[2] == 0xe8) return true;                       // call to an offset
  for (std::size_t i = 0; i != 6; ++i) {                    // call through a register or memory: 2 to 7 bytes
    if (before[i] == 0xff && (before[i + 1] & 0x38) == 0x10) return true;
  }
  return false;
#else
  return is_code(address);
#endif
}

void on_signal(int, siginfo_t*, void* context) noexcept {
  auto const asked = static_cast<std::uint32_t>(::gettid());
  auto now = asked;
  if (!question.compare_exchange_strong(now, asked | busy, std::memory_order_acq_rel)) return;
  int const saved = errno;
  written_size = ::backtrace(written.data(), static_cast<int>(written.size()));
  // From where the thread was: our own frames go.
  auto const begin = written.begin(), end = begin + written_size;
  if (auto const here = std::find(begin, end, counter_of(context)); here != end) written_size = static_cast<int>(std::copy(here, end, begin) - begin);
  errno = saved;
  question.store(asked | answered, std::memory_order_release);
}

// Ours as soon as it was needed once, and for good: a signal that was sent may still be on its way.
int signal_to_use() noexcept {
  static int mine = 0;
  struct sigaction now {};
  if (mine != 0 && ::sigaction(mine, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == &on_signal) return mine;
  struct sigaction action {};
  action.sa_sigaction = &on_signal;
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  for (mine = SIGRTMAX - 1; mine > SIGRTMIN; --mine) {
    if (::sigaction(mine, nullptr, &now) != 0 || (now.sa_flags & SA_SIGINFO) != 0 || now.sa_handler != SIG_DFL) continue;
    if (::sigaction(mine, &action, nullptr) == 0) return mine;
  }
  return mine = 0;
}

}  // namespace

bool thread_stack::ask(pthread_t who, pid_t id, bool again) noexcept {
  static int const loaded = [] {
    void* one[1];
    return ::backtrace(one, 1);  // loads the unwinder, which is nothing for a handler to do
  }();
  (void)loaded;
  int const signal = signal_to_use();
  if (signal == 0) return false;
  for (auto now = question.load(std::memory_order_relaxed); !question.compare_exchange_weak(now, static_cast<std::uint32_t>(id), std::memory_order_acq_rel);) {
    if ((now & busy) != 0) return false;  // that one writes still
  }
  return again || ::pthread_kill(who, signal) == 0;
}

std::optional<thread_stack> thread_stack::answer() {
  if ((question.load(std::memory_order_acquire) & answered) == 0) return std::nullopt;
  thread_stack s;
  s.words_.assign(written.begin(), written.begin() + std::min(written_size, static_cast<int>(longest)));
  question.store(0, std::memory_order_relaxed);
  return s;
}

thread_stack thread_stack::of_blocked(pid_t who, std::byte const* top) {
  thread_stack s;
  s.scanned_ = true;
  char path[64], text[256];
  std::snprintf(path, sizeof path, "/proc/self/task/%d/syscall", static_cast<int>(who));
  if (read_small_file(path, text).empty()) return s;
  // "running", or numbers of which the last two are the stack's and the program's place.
  std::uintptr_t last = 0, last_but_one = 0;
  for (char* word = std::strstr(text, "0x"); word != nullptr; word = std::strstr(word, "0x")) {
    last_but_one = std::exchange(last, std::strtoull(word, &word, 16));
  }
  auto const end = reinterpret_cast<std::uintptr_t>(top);
  if (last_but_one == 0 || last_but_one >= end) return s;
  s.words_.resize(1 + std::min(scanned, end - last_but_one) / sizeof(void*));
  s.words_.front() = reinterpret_cast<void*>(last);
  s.words_.resize(1 + copy(&s.words_[1], last_but_one, (s.words_.size() - 1) * sizeof(void*)) / sizeof(void*));
  return s;
}

std::vector<void*> thread_stack::frames() const {
  if (!scanned_ || words_.empty()) return words_;
  std::vector<void*> found{words_.front()};
  for (std::size_t i = 1; i != words_.size() && found.size() != longest; ++i) {
    auto const word = reinterpret_cast<std::uintptr_t>(words_[i]);
    if (is_code(word) && follows_call(word)) found.push_back(words_[i]);
  }
  return found;
}

}  // namespace weft::detail
