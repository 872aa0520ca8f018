// Task groups that are told to stop: by cancel(), again and again, or by an exception that passes.
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/support/groups.hpp"

using namespace shapes;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;
using weft::task_group;
using weft::with_group;

namespace {
constexpr std::uint64_t seeds = 50;
}  // namespace

TEST_CASE("G22 cancelled again and again while it waits: the wait goes on, the children are asked once") {
  everywhere([] {
    int asked = 0;
    bool finished = false;
    weft::promise<> go_on, inside, cleaning;
    auto const t = weft::spawn([&, f = go_on.get_future()] {
      with_group([&](task_group& g) {
        (void)spawn_begun(g, [&] {
          try {
            wait_for_ever();
          } catch (weft::cancelled const&) {
            ++asked;
            cleaning.set_value();
            f.wait();
            finished = true;
            throw;
          }
        });
        inside.set_value();
      });
    });
    inside.get_future().wait();
    CHECK(t.cancel("first"));
    cleaning.get_future().wait();
    for (int i = 0; i != 3; ++i) {
      CHECK(t.cancel("again"));
      this_task::yield();
    }
    CHECK_FALSE(t.done());
    go_on.set_value();
    CHECK(message_of<weft::task_cancelled_error>([&] { t.get(); }) == "first");
    CHECK(asked == 1);
    CHECK(finished);
    CHECK(t.cancelling() == 4);
  });
}

TEST_CASE("G24 cancel() ends children and body; no error; no request is left") {
  everywhere([] {
    std::string heard;
    bool went_on = false;
    with_group([&](task_group& g) {
      auto const t = spawn_begun(g, [&] {
        try {
          wait_for_ever();
        } catch (weft::cancelled const& e) {
          heard = e.message();
          CHECK(e.cause() == weft::cancel_cause::group);
          throw;
        }
      });
      g.cancel("that will do");
      g.cancel("again");
      CHECK_THROWS_AS((void)g.spawn([] {}), weft::group_closed_error);
      wait_for_ever();
      went_on = true;
    });
    CHECK(heard == "that will do");
    CHECK_FALSE(went_on);
    check_healthy();
  });
}

TEST_CASE("G24 a body with a value: interrupted by cancel(): task_cancelled_error; not interrupted: its value") {
  everywhere([] {
    try {
      (void)with_group([](task_group& g) {
        g.cancel();
        this_task::yield();
        return 1;
      });
      FAIL("nothing was thrown");
    } catch (weft::task_cancelled_error const& e) {
      CHECK(e.cause() == weft::cancel_cause::group);
    }
    check_healthy();
    CHECK(with_group([](task_group& g) {
            g.cancel();
            return 2;
          }) == 2);
    CHECK(with_group([](task_group& g) {
            g.cancel();
            try {
              this_task::yield();
            } catch (weft::cancelled const&) {
            }
            return 3;
          }) == 3);
    check_healthy();
  });
}

TEST_CASE("G24 cancel() by a child, by a plain thread, and of a task_group: the owner of that is not interrupted") {
  everywhere([] {
    with_group([](task_group& g) {
      (void)g.spawn([&] { g.cancel(); });
      wait_for_ever();
    });
    with_group([](task_group& g) {
      (void)g.spawn([&] { std::thread([&] { g.cancel(); }).join(); });
      wait_for_ever();
    });
    task_group g;
    auto const t = g.spawn([] { wait_for_ever(); });
    g.cancel("of the group");
    CHECK_NOTHROW(this_task::yield());
    g.join();
    CHECK(message_of<weft::task_cancelled_error>([&] { t.get(); }) == "of the group");
    check_healthy();
  });
}

TEST_CASE("G24 cancel(), and a child fails while it cleans up: that error comes out") {
  everywhere([] {
    CHECK(errors_of([] {
            with_group([](task_group& g) {
              (void)spawn_begun(g, [] {
                try {
                  wait_for_ever();
                } catch (weft::cancelled const&) {
                  fail("cleaning up");
                }
              });
              g.cancel();
            });
          }) == "cleaning up");
    check_healthy();
  });
}

TEST_CASE("G24 cancel() and a cancellation from outside: that one goes out") {
  in_simulations(seeds, [] {
    auto const t = weft::spawn([] {
      with_group([](task_group& g) {
        g.cancel("the group's own");
        {
          weft::shield_scope const until_cancelled;
          this_task::sleep_for(2s);
        }
        this_task::yield();
      });
    });
    this_task::sleep_for(1s);
    CHECK(t.cancel("outside"));
    CHECK(message_of<weft::task_cancelled_error>([&] { t.get(); }) == "outside");
    CHECK(t.cancelling() == 1);
  });
}

TEST_CASE("X5 an exception passes a task_group: its children are cancelled and waited for while the stack unwinds") {
  everywhere([] {
    bool cleaned = false;
    CHECK(message_of<std::runtime_error>([&] {
            task_group g;
            (void)spawn_begun(g, [&] {
              try {
                wait_for_ever();
              } catch (weft::cancelled const&) {
                this_task::sleep_for(1us);
                cleaned = true;
                throw;
              }
            });
            fail("passes");
          }) == "passes");
    CHECK(cleaned);
    check_healthy();
  });
}

TEST_CASE("X5 cancelled while ~task_group waits: it goes on waiting, the request comes later") {
  everywhere([] {
    weft::promise<> go_on, cleaning;
    bool cleaned = false;
    auto const t = weft::spawn([&, f = go_on.get_future()] {
      {
        task_group g;
        (void)spawn_begun(g, [&] {
          try {
            wait_for_ever();
          } catch (weft::cancelled const&) {
            cleaning.set_value();
            f.wait();
            cleaned = true;
            throw;
          }
        });
      }
      CHECK(this_task::cancelling() == 1);
      return message_of<weft::cancelled>([] { this_task::yield(); });
    });
    cleaning.get_future().wait();
    CHECK(t.cancel("later"));
    this_task::yield();
    go_on.set_value();
    CHECK(t.get() == "later");
    CHECK(cleaned);
  });
}
