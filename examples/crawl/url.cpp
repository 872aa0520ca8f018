#include "url.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "ascii.hpp"

namespace crawl {
namespace {

constexpr auto npos = std::string_view::npos;

// As browsers do: blanks around it do not count, line breaks in it neither.
std::string cleaned(std::string_view reference) {
  reference = reference.substr(0, reference.find('#'));
  while (!reference.empty() && is_blank(reference.front())) reference.remove_prefix(1);
  while (!reference.empty() && is_blank(reference.back())) reference.remove_suffix(1);
  std::string text{reference};
  std::erase_if(text, [](char c) { return c == '\t' || c == '\n' || c == '\r'; });
  return text;
}

// "http" of "http://...", in lower case. Empty: a relative reference.
std::string scheme_of(std::string_view reference) {
  auto const colon = reference.find(':');
  if (colon == npos || !is_letter(reference.front())) return {};
  auto const scheme = reference.substr(0, colon);
  return std::ranges::all_of(scheme, [](char c) { return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; }) ? lower(scheme) : "";
}

std::string without_dots(std::string_view path) {  // it begins with '/'
  std::vector<std::string_view> kept;
  for (bool more = true; more;) {
    path.remove_prefix(1);
    auto const end = std::min(path.find('/'), path.size());
    auto const part = path.substr(0, end);
    path.remove_prefix(end);
    more = !path.empty();
    if (part == ".." && !kept.empty()) kept.pop_back();
    if (part != "." && part != "..")
      kept.push_back(part);
    else if (!more)
      kept.emplace_back();  // a folder
  }
  std::string whole;
  for (auto const part : kept) whole.append("/").append(part);
  return whole;
}

// Nothing from a page gets into a request that would end its first line, or a field.
std::string escaped(std::string_view target) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string text;
  for (char const c : target) {
    auto const byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && std::string_view{"\"<>\\^`{|}"}.find(c) == npos)
      text += c;
    else
      text.append(1, '%').append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
  }
  return text;
}

// HOST[:PORT]
std::optional<url> site(std::string_view authority) {
  bool const bracketed = authority.starts_with('[');
  auto const end = bracketed ? std::min(authority.find(']'), authority.size() - 1) + 1 : std::min(authority.find(':'), authority.size());
  url u{lower(authority.substr(0, end))};
  auto const inner = bracketed ? std::string_view{u.host}.substr(1, end - 2) : std::string_view{u.host};
  auto const fits = [bracketed](char c) { return is_letter(c) || is_digit(c) || c == '.' || (bracketed ? c == ':' : c == '-' || c == '_'); };
  if (inner.empty() || !std::ranges::all_of(inner, fits) || (bracketed && !u.host.ends_with(']'))) return std::nullopt;
  auto const port = authority.substr(end);
  if (port.empty() || port == ":") return u;
  auto const [stop, error] = std::from_chars(port.data() + 1, port.data() + port.size(), u.port);
  bool const right = port.front() == ':' && error == std::errc{} && stop == port.data() + port.size() && u.port != 0;
  return right ? std::optional{u} : std::nullopt;
}

}  // namespace

std::optional<url> url::parse(std::string_view text) {
  auto const reference = cleaned(text);
  return scheme_of(reference) == "http" ? url{}.resolve(reference) : std::nullopt;
}

std::optional<url> url::resolve(std::string_view text) const {
  auto const whole = cleaned(text);
  std::string_view reference = whole;
  auto const scheme = scheme_of(reference);
  if (!scheme.empty()) {
    reference.remove_prefix(scheme.size() + 1);
    if (scheme != "http" || !reference.starts_with("//")) return std::nullopt;
  }
  std::optional<url> to = *this;
  if (reference.starts_with("//")) {
    auto const end = std::min(reference.find_first_of("/?", 2), reference.size());
    to = site(reference.substr(2, end - 2));
    reference.remove_prefix(end);
    if (!to) return std::nullopt;
    if (!reference.starts_with('/')) to->target = '/';
  } else if (reference.empty()) {
    return to;
  }
  auto const query = std::min(reference.find('?'), reference.size());
  auto const old_path = std::string_view{to->target}.substr(0, to->target.find('?'));
  std::string path;
  if (query == 0)
    path = old_path;
  else if (reference.front() != '/')
    path = old_path.substr(0, old_path.rfind('/') + 1);
  path.append(reference.substr(0, query));
  to->target = escaped(without_dots(path) + std::string{reference.substr(query)});
  return to;
}

std::string url::authority() const { return port == 80 ? host : host + ':' + std::to_string(port); }

}  // namespace crawl
