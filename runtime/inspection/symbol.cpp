#include "runtime/inspection/symbol.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <utility>

#include <boost/core/demangle.hpp>
#include <dlfcn.h>

namespace weft::detail {
namespace {

std::string hex(std::uintptr_t n) {
  char digits[24];
  std::snprintf(digits, sizeof digits, "+0x%zx", static_cast<std::size_t>(n));
  return digits;
}

// Name and offset are empty where none is known.
struct symbol {
  std::string name, offset, place;
};

symbol look_up(std::uintptr_t at) {
  Dl_info in{};
  if (::dladdr(reinterpret_cast<void*>(at), &in) == 0 || in.dli_fname == nullptr) return {{}, {}, hex(at).substr(1)};
  std::string_view object = in.dli_fname;
  object.remove_prefix(object.rfind('/') + 1);
  auto place = '(' + std::string(object) + hex(at - reinterpret_cast<std::uintptr_t>(in.dli_fbase)) + ')';
  if (in.dli_sname == nullptr) return {{}, {}, std::move(place)};
  return {boost::core::demangle(in.dli_sname), hex(at - reinterpret_cast<std::uintptr_t>(in.dli_saddr)), std::move(place)};
}

}  // namespace

std::string describe_frame(void* address) {
  auto const s = look_up(reinterpret_cast<std::uintptr_t>(address));
  return s.name.empty() ? s.place : s.name + s.offset + "  " + s.place;
}

// The call is before the address: that may be the next function's when the call does not return.
std::string caller_name(void* return_address) {
  auto const s = look_up(reinterpret_cast<std::uintptr_t>(return_address) - 1);
  if (!s.name.empty()) return s.name;
  return s.place.starts_with('(') ? s.place : std::string();
}

}  // namespace weft::detail
