// exception_group: what it holds, what it says, and the one walk through nested groups.
#include <weft/exception_group.hpp>

namespace weft {

struct exception_group::contents {
  std::string message;
  std::vector<failure> failures;
  std::vector<std::exception_ptr> errors;  // the same ones, for exceptions()
};

namespace {

std::string text_of(std::exception_ptr const& p) {
  try {
    std::rethrow_exception(p);
  } catch (std::exception const& e) {
    return e.what();
  } catch (cancelled const& e) {
    return "cancelled" + (e.message().empty() ? "" : ": " + e.message());
  } catch (...) {
    return "an exception that is no std::exception";
  }
}

std::string summary(std::string const& message, std::vector<failure> const& all) {
  if (all.empty()) throw std::invalid_argument("weft: an exception_group needs at least one error");
  for (failure const& f : all) {
    if (f.error == nullptr) throw std::invalid_argument("weft: a null exception_ptr in an exception_group");
  }
  failure const& first = all.front();
  std::string s = message + (all.size() == 1 ? " (1 error: " : " (" + std::to_string(all.size()) + " errors, the first: ");
  s += text_of(first.error);
  if (!first.task_name.empty()) s += ", in task '" + first.task_name + "'";
  return s + ")";
}

// Calls f(group) if the error is a group.
template <class F>
bool if_group(std::exception_ptr const& p, F&& f) {
  std::optional<exception_group> nested;
  try {
    std::rethrow_exception(p);
  } catch (exception_group const& g) {
    nested.emplace(g);
  } catch (...) {
  }
  if (nested) f(*nested);
  return nested.has_value();
}

void append_leaves(std::vector<failure>& to, exception_group const& g) {
  for (failure const& f : g.failures()) {
    if (!if_group(f.error, [&](exception_group const& nested) { append_leaves(to, nested); })) to.push_back(f);
  }
}

}  // namespace

exception_group::exception_group(std::string message, std::vector<failure> all) : std::runtime_error(summary(message, all)) {
  std::vector<std::exception_ptr> errors;
  errors.reserve(all.size());
  for (failure const& f : all) errors.push_back(f.error);
  contents_ = std::make_shared<contents const>(contents{std::move(message), std::move(all), std::move(errors)});
}

exception_group::~exception_group() = default;

std::string const& exception_group::message() const noexcept { return contents_->message; }
std::span<std::exception_ptr const> exception_group::exceptions() const noexcept { return contents_->errors; }
std::span<failure const> exception_group::failures() const noexcept { return contents_->failures; }

exception_group exception_group::flatten() const {
  std::vector<failure> leaves;
  append_leaves(leaves, *this);
  return {message(), std::move(leaves)};
}

namespace detail {

std::optional<exception_group> map_errors(exception_group const& g, error_map const& map) {
  std::vector<failure> kept;
  bool same = true;  // then it goes on as it is, as the very same object
  for (failure const& f : g.failures()) {
    std::exception_ptr now;
    bool const nested = if_group(f.error, [&](exception_group const& inner) {
      if (auto const left = map_errors(inner, map)) {
        now = left->failures().data() == inner.failures().data() ? f.error : std::make_exception_ptr(*left);
      }
    });
    if (!nested) now = map(f.error);
    same = same && now == f.error;
    if (now != nullptr) kept.push_back({std::move(now), f.task_id, f.task_name, f.spawned_at});
  }
  if (kept.empty()) return std::nullopt;
  return same ? g : exception_group(g.message(), std::move(kept));
}

}  // namespace detail
}  // namespace weft
