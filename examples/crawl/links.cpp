#include "links.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "ascii.hpp"

namespace crawl {
namespace {

// One "&...;" at the beginning of the text, of those that a reference needs: its character, and its length. 0: it is none.
std::pair<char, std::size_t> entity(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, char>, 5> named{
      {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}}};
  for (auto const& [name, character] : named) {
    if (text.starts_with(name)) return {character, name.size()};
  }
  if (!text.starts_with("&#")) return {};
  bool const hex = text.size() > 2 && lower(text[2]) == 'x';
  unsigned code = 0;
  auto const [stop, error] = std::from_chars(text.data() + (hex ? 3 : 2), text.data() + text.size(), code, hex ? 16 : 10);
  if (error != std::errc{} || code >= 128 || stop == text.data() + text.size() || *stop != ';') return {};
  return {static_cast<char>(code), static_cast<std::size_t>(stop - text.data()) + 1};
}

std::string decoded(std::string_view value) {
  std::string text;
  while (!value.empty()) {
    auto const [character, size] = entity(value);
    text += size != 0 ? character : value.front();
    value.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return text;
}

struct tag {
  std::string name;
  std::optional<std::string> href;
};

// Takes any bytes for HTML, as browsers do: what is no tag is skipped, and what does not end ends with the page.
class tags {
 public:
  explicit tags(std::string_view html) : rest_{html} {}

  // Of those that open; empty: that was all.
  std::optional<tag> next() {
    while (skip_past("<")) {
      if (rest_.starts_with("!--")) {
        skip_past("-->");
        continue;
      }
      if (rest_.empty() || !is_letter(rest_.front())) continue;
      tag t{lower(take_until(" \t\n\r\f/>", 1)), {}};
      while (auto attribute = next_attribute()) {
        if (lower(attribute->first) == "href" && !t.href) t.href = decoded(attribute->second);
      }
      if (t.name == "script" || t.name == "style") skip_past("</" + t.name);
      return t;
    }
    return std::nullopt;
  }

 private:
  // Name and value. Empty: the tag has ended, and is skipped.
  std::optional<std::pair<std::string_view, std::string_view>> next_attribute() {
    take_while(" \t\n\r\f/");
    if (rest_.empty() || rest_.front() == '>') {
      skip(1);
      return std::nullopt;
    }
    auto const name = take_until(" \t\n\r\f/>=", 1);
    take_while(" \t\n\r\f");
    if (!rest_.starts_with('=')) return std::pair{name, std::string_view{}};
    skip(1);
    take_while(" \t\n\r\f");
    if (!rest_.starts_with('"') && !rest_.starts_with('\'')) return std::pair{name, take_until(" \t\n\r\f>")};
    char const quote = rest_.front();
    skip(1);
    auto const value = take_until({&quote, 1});
    skip(1);
    return std::pair{name, value};
  }

  void skip(std::size_t n) { rest_.remove_prefix(std::min(n, rest_.size())); }
  bool skip_past(std::string_view what) {  // letters in it are in lower case, and match both
    auto const at = std::search(rest_.begin(), rest_.end(), what.begin(), what.end(), [](char a, char b) { return lower(a) == b; });
    bool const found = at != rest_.end();
    skip(static_cast<std::size_t>(at - rest_.begin()) + (found ? what.size() : 0));
    return found;
  }
  void take_while(std::string_view these) { skip(rest_.find_first_not_of(these)); }
  std::string_view take_until(std::string_view these, std::size_t from = 0) {
    auto const taken = rest_.substr(0, rest_.find_first_of(these, from));
    skip(taken.size());
    return taken;
  }

  std::string_view rest_;
};

}  // namespace

std::vector<url> links_of(std::string_view html, url const& page) {
  std::vector<url> found;
  std::optional<url> base = page;  // empty: it is out of http, and so is what is relative to it
  bool base_given = false;
  for (tags all{html}; auto const t = all.next();) {
    if (!t->href) continue;
    auto to = base ? base->resolve(*t->href) : url::parse(*t->href);
    if (t->name != "base") {
      if (to) found.push_back(std::move(*to));
    } else if (!std::exchange(base_given, true)) {
      base = std::move(to);
    }
  }
  return found;
}

}  // namespace crawl
