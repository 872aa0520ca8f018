#include "page.hpp"

#include <weft/http.hpp>
#include <weft/timeout.hpp>

#include <exception>
#include <new>
#include <string_view>
#include <utility>

#include "ascii.hpp"
#include "links.hpp"

namespace crawl {
namespace {

namespace http = boost::beast::http;

weft::http_response get(weft::address const& server, url const& where) {
  weft::http_request request{http::verb::get, where.target, 11};
  request.set(http::field::host, where.authority());
  request.set(http::field::accept, "text/html, */*;q=0.5");
  return weft::http_fetch(server, std::move(request));
}

std::string field(weft::http_response const& r, http::field name) {
  auto const value = r[name];
  return {value.data(), value.size()};
}

}  // namespace

page fetch(weft::address const& server, url const& where, weft::clock::duration time_out) {
  page p;
  p.where = where;
  auto const began = weft::clock::now();
  try {
    auto const response = weft::with_timeout(time_out, [&] { return get(server, where); });
    p.status = response.result_int();
    p.bytes = response.body().size();
    auto const kind = http::to_status_class(response.result());
    auto const leads_to = field(response, http::field::location);
    if (kind == http::status_class::redirection && !leads_to.empty()) {
      if (auto to = where.resolve(leads_to)) p.links.push_back(std::move(*to));
    } else if (kind != http::status_class::successful) {
      p.failure = std::to_string(p.status) + ' ' + std::string{response.reason().data(), response.reason().size()};
    } else if (lower(field(response, http::field::content_type)).starts_with("text/html")) {
      p.links = links_of(response.body(), where);
    }
  } catch (weft::timeout_error const&) {
    p.failure = "no answer in time";
  } catch (std::bad_alloc const&) {
    throw;
  } catch (std::exception const& e) {
    p.failure = e.what();
  }
  p.took = weft::clock::now() - began;
  return p;
}

}  // namespace crawl
