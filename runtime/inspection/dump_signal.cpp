// WEFT_DUMP_SIGNAL=QUIT: a dump of every runtime on stderr whenever that signal comes.
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

#include "runtime/inspection/aside.hpp"
#include "runtime/inspection/dump.hpp"
#include "runtime/inspection/stderr.hpp"
#include "runtime/signals.hpp"

namespace weft::detail {
namespace {

constexpr char variable[] = "WEFT_DUMP_SIGNAL";

// "QUIT", "SIGQUIT" or "3". 0: there is no such signal.
int signal_named(std::string_view name) noexcept {
  int number = 0;
  auto const [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error == std::errc{} && end == name.data() + name.size()) return number;
  if (name.starts_with("SIG")) name.remove_prefix(3);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 32)
  for (int s = 1; s < _NSIG; ++s) {
    if (char const* const known = ::sigabbrev_np(s); known != nullptr && name == known) return s;
  }
#endif
  return 0;
}

void write_dumps() noexcept try {
  std::string text;
  each_runtime([&text](runtime_core const& rt) { text += dump_of(rt, {.stacks = true}); });
  write_to_stderr(text);  // which may take long; a runtime may end meanwhile
} catch (std::bad_alloc const&) {
  write_to_stderr("weft: no memory for a dump\n");
}

class dump_listener final : public signal_listener {
 public:
  explicit dump_listener(int signal) : signal_listener({signal}) { begin(); }

 private:
  // Other signals wait behind this one.
  answer hear(int) noexcept override {
    dumps_.ask();
    return answer::taken;
  }

  aside dumps_{&write_dumps};
};

}  // namespace

void listen_for_dump_signal() {
  static bool const once = [] {
    char const* const name = std::getenv(variable);
    if (name == nullptr || *name == '\0') return true;
    try {
      std::vector<int> const wanted{signal_named(name)};
      require_catchable(wanted, variable);
      static auto* const listener = new dump_listener(wanted.front());  // as long as the process
      (void)listener;
    } catch (std::invalid_argument const&) {
      std::fprintf(stderr, "weft: %s=%s names no signal that can be caught, such as QUIT or USR2; ignored\n", variable, name);
    }
    return true;
  }();
  (void)once;
}

}  // namespace weft::detail
