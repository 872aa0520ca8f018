#include "runtime/inspection/debug.hpp"

#include <cstdlib>
#include <string_view>
#include <utility>

#include "runtime/inspection/report.hpp"
#include "runtime/inspection/stderr.hpp"

namespace weft::detail {
namespace {

bool environment_wants() {
  char const* const given = std::getenv("WEFT_DEBUG");
  std::string_view const value = given != nullptr ? given : "";
  if (value == "1") return true;
  if (!value.empty() && value != "0") write_to_stderr("weft: WEFT_DEBUG=" + std::string(value) + " is neither 0 nor 1, and is ignored\n");
  return false;
}

}  // namespace

std::unique_ptr<debug_reports> debug_reports::if_wanted(std::optional<bool> asked) {
  bool const wanted = asked ? *asked : environment_wants();
  return wanted ? std::make_unique<debug_reports>() : nullptr;
}

bool debug_reports::is_new(std::string place) {
  std::lock_guard guard{lock_};
  return told_.insert(std::move(place)).second;
}

}  // namespace weft::detail
