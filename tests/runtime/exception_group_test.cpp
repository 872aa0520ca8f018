// exception_group: what it says, and except* as functions: split, handle, flatten.
#include <functional>
#include <new>

#include "tests/support/shapes.hpp"
#include <weft/exception_group.hpp>

using weft::exception_group;
using weft::failure;
using texts = std::vector<std::string>;

static_assert(std::is_nothrow_copy_constructible_v<exception_group> && std::is_nothrow_copy_assignable_v<exception_group>);
static_assert(std::is_nothrow_move_constructible_v<exception_group>);
static_assert(std::is_base_of_v<std::runtime_error, exception_group>);

namespace {

template <class E>
failure failed(std::string task, E error, std::uint64_t id = 1) {
  return {std::make_exception_ptr(std::move(error)), id, std::move(task), std::source_location::current()};
}

// As it is nested: "(a b (c))".
std::string shape(exception_group const& g) {
  std::string s;
  for (auto const& p : g.exceptions()) {
    s += s.empty() ? "" : " ";
    try {
      std::rethrow_exception(p);
    } catch (exception_group const& inner) {
      s += shape(inner);
    } catch (std::exception const& e) {
      s += e.what();
    } catch (int i) {
      s += std::to_string(i);
    } catch (weft::cancelled const& c) {
      s += "cancelled " + c.message();
    }
  }
  return "(" + s + ")";
}

std::string shape(std::optional<exception_group> const& g) { return g ? shape(*g) : "-"; }

// (r1 l1 (r2 (l2) 3) l3): runtime errors, logic errors, an int; nested as the groups of a tree of tasks are.
exception_group tree() {
  exception_group const deep("deep", {failed("deepest", std::logic_error("l2"), 5)});
  exception_group const inner("inner", {failed("c", std::runtime_error("r2"), 3), failed("d", deep, 4), failed("e", 3, 6)});
  return {"outer",
          {failed("a", std::runtime_error("r1"), 1), failed("b", std::logic_error("l1"), 2), failed("inner", inner, 7),
           failed("f", std::domain_error("l3"), 8)}};
}

}  // namespace

TEST_CASE("G03 an exception_group says how many errors, what the first is, and whose; each can be traced to its task") {
  auto const site = std::source_location::current();
  exception_group const one("weft: a group's task has failed", {{std::make_exception_ptr(std::runtime_error("boom")), 7, "t", site}});
  CHECK(one.what() == std::string("weft: a group's task has failed (1 error: boom, in task 't')"));
  CHECK(one.message() == "weft: a group's task has failed");
  REQUIRE(one.failures().size() == 1);
  CHECK(one.failures()[0].task_id == 7);
  CHECK(one.failures()[0].task_name == "t");
  CHECK(one.failures()[0].spawned_at.line() == site.line());
  REQUIRE(one.exceptions().size() == 1);
  CHECK(one.exceptions()[0] == one.failures()[0].error);

  exception_group const two("m", {failed("", 5), failed("x", std::runtime_error("r"))});
  CHECK(two.what() == std::string("m (2 errors, the first: an exception that is no std::exception)"));
  exception_group const cancel("m", {failed("y", weft::cancelled("by hand"))});
  CHECK(cancel.what() == std::string("m (1 error: cancelled: by hand, in task 'y')"));
}

TEST_CASE("an exception_group of nothing, or with a null error, is refused") {
  CHECK_THROWS_AS(exception_group("m", {}), std::invalid_argument);
  CHECK_THROWS_AS(exception_group("m", {failure{}}), std::invalid_argument);
}

TEST_CASE("G04 copies share the errors; a moved-from group is still whole") {
  exception_group a = tree();
  exception_group const b = a;
  CHECK(b.exceptions().data() == a.exceptions().data());
  exception_group const c = std::move(a);
  CHECK(shape(a) == shape(c));
  CHECK(shapes::message_of<std::runtime_error>([&] { throw c; }) == c.what());
  exception_group other("other", {failed("", 1)});
  other = b;
  CHECK(shape(other) == shape(b));
  CHECK(other.what() == std::string(b.what()));
}

TEST_CASE("G04 split takes out what a type catches, keeps shape, order, message and tasks") {
  auto const g = tree();
  REQUIRE(shape(g) == "(r1 l1 (r2 (l2) 3) l3)");
  auto const [logic, rest] = g.split<std::logic_error>();
  CHECK(shape(logic) == "(l1 ((l2)) l3)");
  CHECK(shape(rest) == "(r1 (r2 3))");
  CHECK(logic->message() == "outer");
  CHECK(logic->failures()[1].task_name == "inner");
  CHECK(logic->failures()[1].task_id == 7);
  CHECK(logic->failures()[0].error == g.failures()[1].error);

  auto const [ints, no_ints] = g.split<int>();
  CHECK(shape(ints) == "((3))");
  CHECK(shape(no_ints) == "(r1 l1 (r2 (l2)) l3)");
  // A group is a std::runtime_error, but no error: what is inside counts.
  auto const [runtime, others] = g.split<std::runtime_error>();
  CHECK(shape(runtime) == "(r1 (r2))");
  CHECK(shape(others) == "(l1 ((l2) 3) l3)");
  CHECK(shape(g) == "(r1 l1 (r2 (l2) 3) l3)");
}

TEST_CASE("G04 split of all or nothing gives the very same errors, nested groups included") {
  exception_group const inner("inner", {failed("c", std::logic_error("l"))});
  exception_group const g("outer", {failed("a", std::logic_error("k")), failed("b", inner)});
  auto const [all, none] = g.split<std::exception>();
  REQUIRE(all);
  CHECK_FALSE(none);
  CHECK(all->exceptions().data() == g.exceptions().data());
  auto const [no, every] = g.split<std::bad_alloc>();
  CHECK_FALSE(no);
  CHECK(every->exceptions().data() == g.exceptions().data());
  auto const [some, rest] = exception_group("top", {failed("x", 1), failed("y", inner)}).split<std::logic_error>();
  CHECK(shape(some) == "((l))");
  CHECK(shape(rest) == "(1)");
}

TEST_CASE("G04 handle: each error goes to the first handler that catches it, in order, and only once") {
  texts seen;
  tree().handle([&](std::domain_error const& e) { seen.push_back(std::string("domain ") + e.what()); },
                [&](std::exception const& e) { seen.push_back(e.what()); },
                [&](std::logic_error const&) { FAIL("a handler before it catches all of these"); },
                [&](int i) { seen.push_back(std::to_string(i)); });
  CHECK(seen == texts{"r1", "l1", "r2", "l2", "3", "domain l3"});
}

TEST_CASE("G04 handle throws the rest as a group that has kept its shape") {
  int calls = 0;
  auto const g = tree();
  try {
    g.handle([&](std::runtime_error const&) { ++calls; }, [&](int) { ++calls; });
    FAIL("nothing was thrown");
  } catch (exception_group const& rest) {
    CHECK(shape(rest) == "(l1 ((l2)) l3)");
    CHECK(rest.message() == "outer");
    CHECK(rest.failures()[0].task_name == "b");
  }
  CHECK(calls == 3);
  try {
    g.handle();
    FAIL("nothing was thrown");
  } catch (exception_group const& rest) {
    CHECK(rest.exceptions().data() == g.exceptions().data());
  }
}

TEST_CASE("G04 a handler of std::exception_ptr catches what those before it do not") {
  std::size_t others = 0, logic = 0;
  tree().handle([&](std::logic_error const&) { ++logic; }, [&](std::exception_ptr p) { others += p != nullptr; });
  CHECK(logic == 3);
  CHECK(others == 3);
}

TEST_CASE("G04 what handlers throw joins the rest, in the place of the error it was about; throw; changes nothing") {
  auto const g = tree();
  try {
    g.handle([](std::runtime_error const& e) { throw std::logic_error(std::string("about ") + e.what()); },
             [](std::domain_error const&) { throw; }, [](int) {});
    FAIL("nothing was thrown");
  } catch (exception_group const& rest) {
    CHECK(shape(rest) == "(about r1 l1 (about r2 (l2)) l3)");
    CHECK(rest.failures()[0].task_name == "a");
    CHECK(rest.failures()[3].error == g.failures()[3].error);
  }
  try {
    exception_group("m", {failed("t", 1), failed("u", 2)}).handle([](int i) {
      if (i == 1) throw exception_group("from a handler", {failed("v", 11), failed("w", 12)});
    });
    FAIL("nothing was thrown");
  } catch (exception_group const& rest) {
    CHECK(shape(rest) == "((11 12))");
  }
}

TEST_CASE("G04 handlers of every kind of callable, with errors of every kind") {
  struct derived : std::runtime_error {
    using std::runtime_error::runtime_error;
  };
  static int by_pointer;
  by_pointer = 0;
  int by_function = 0, by_lambda = 0, by_object = 0;
  struct counter {
    int& n;
    void operator()(char const* text) const noexcept { n += text[0] == 'x'; }
  };
  std::function<void(std::bad_alloc const&)> const function = [&](auto const&) { ++by_function; };
  exception_group("m", {failed("", derived("d")), failed("", std::bad_alloc()), failed("", static_cast<char const*>("x")),
                        failed("", 5u)})
      .handle(+[](std::runtime_error e) { by_pointer += e.what() == std::string("d"); }, function, counter{by_object},
              [&, calls = 0](unsigned const& u) mutable { by_lambda += static_cast<int>(u) * ++calls; });
  CHECK(by_pointer == 1);
  CHECK(by_function == 1);
  CHECK(by_object == 1);
  CHECK(by_lambda == 5);
}

TEST_CASE("G12 flatten: one level, each error with the task it failed in") {
  auto const flat = tree().flatten();
  CHECK(shape(flat) == "(r1 l1 r2 l2 3 l3)");
  CHECK(flat.message() == "outer");
  CHECK(flat.failures()[3].task_name == "deepest");
  CHECK(flat.failures()[3].task_id == 5);
  CHECK(shape(flat.flatten()) == shape(flat));
}

TEST_CASE("G04 handlers may suspend; a cancellation there goes out alone, and the task ends cancelled") {
  shapes::everywhere([] {
    int handled = 0;
    tree().handle([&](std::exception const&) {
      weft::this_task::yield();
      ++handled;
    },
                  [&](int i) { handled += weft::spawn([i] { return i; }).get(); });
    CHECK(handled == 8);
    auto const t = weft::spawn([] {
      (void)weft::this_task::self().cancel("enough");
      tree().handle([](std::exception const&) { weft::this_task::checkpoint(); });
    });
    t.wait();
    CHECK(t.cancelled());
  });
}

TEST_CASE("G04 a cancellation that is one of the errors may be handled, or thrown again into the rest") {
  exception_group const g("m", {failed("", weft::cancelled("inside")), failed("", 4)});
  int handled = 0;
  g.handle([&](weft::cancelled const& c) { handled += c.message() == "inside"; }, [&](int) { ++handled; });
  CHECK(handled == 2);
  CHECK(shape([&]() -> std::optional<exception_group> {
          try {
            g.handle([](weft::cancelled const&) { throw; }, [](int) {});
          } catch (exception_group const& rest) {
            return rest;
          }
          return std::nullopt;
        }()) == "(cancelled inside)");
}

TEST_CASE("X4 many tasks look into the same group at once") {
  shapes::on_all([] {
    auto const g = tree();
    std::vector<weft::task<std::string>> all;
    for (int i = 0; i != 16; ++i) {
      all.push_back(weft::spawn([g] {
        auto const [logic, rest] = g.split<std::logic_error>();
        return shape(logic) + shape(rest) + shape(g.flatten());
      }));
    }
    for (auto const& t : all) CHECK(t.get() == "(l1 ((l2)) l3)(r1 (r2 3))(r1 l1 r2 l2 3 l3)");
  });
}
