// Looking inside: all_tasks, task_info.
#include <algorithm>
#include <thread>

#include "tests/support/shapes.hpp"

namespace {

weft::task_info const* find(std::vector<weft::task_info> const& all, std::uint64_t id) {
  auto const it = std::find_if(all.begin(), all.end(), [&](auto const& i) { return i.id == id; });
  return it != all.end() ? &*it : nullptr;
}

// Until it waits, what it waits for.
std::string what_it_waits_for(weft::task<> const& t) {
  for (;; weft::this_task::yield()) {
    auto const all = weft::all_tasks();
    auto const* const i = find(all, t.id());
    REQUIRE(i != nullptr);
    if (!i->waits_for.empty()) return i->waits_for;
  }
}

}  // namespace

TEST_CASE("B15 all_tasks lists what is not done, with parents and sites; what is done has gone") {
  shapes::everywhere([] {
    weft::promise<> gate;
    auto const me = weft::this_task::id();
    auto const waits = weft::spawn({.name = "waits"}, [f = gate.get_future()] {
      auto const inner = weft::spawn({.name = "inner"}, [f] { f.wait(); });
      inner.wait();
      return inner.id();
    });
    while (waits.state() != weft::task_state::suspended) weft::this_task::yield();
    auto const all = weft::all_tasks();
    auto const* const i = find(all, waits.id());
    REQUIRE(i != nullptr);
    CHECK(i->parent == me);
    CHECK(i->name == "waits");
    CHECK((i->state == weft::task_state::suspended || i->state == weft::task_state::running));
    CHECK(std::string(i->spawned_at.file_name()).ends_with("inspect_test.cpp"));
    CHECK(i->age.count() >= 0);
    auto const* const self = find(all, me);
    REQUIRE(self != nullptr);
    CHECK(self->state == weft::task_state::running);
    CHECK(self->name == "main");
    CHECK(self->parent == 0);
    gate.set_value();
    auto const inner = waits.get();
    auto const later = weft::all_tasks();
    CHECK(find(later, waits.id()) == nullptr);
    CHECK(find(later, inner) == nullptr);
    CHECK(find(later, me) != nullptr);
  });
}

TEST_CASE("B15 all_tasks says what each waits for") {
  shapes::everywhere([] {
    weft::mutex m;
    m.lock();
    weft::shared_mutex s;
    s.lock();
    weft::semaphore permits(0);
    weft::event event;
    weft::latch latch(1);
    weft::barrier barrier(2);
    weft::queue<int> queue;
    weft::channel<int> channel;
    weft::promise<> promise;
    auto const future = promise.get_future();
    auto const named = weft::spawn({.name = "named"}, [future] { future.wait(); });
    (void)what_it_waits_for(named);

    std::vector<std::pair<weft::task<>, std::string>> all;
    auto const waits = [&all](std::string for_what, auto f) { all.emplace_back(weft::spawn(std::move(f)), std::move(for_what)); };
    waits("a mutex", [&] { m.lock(); });
    waits("a shared_mutex", [&] { s.lock(); });
    waits("a shared_mutex", [&] { s.lock_shared(); });
    waits("a semaphore", [&] { permits.acquire(); });
    waits("an event", [&] { event.wait(); });
    waits("a latch", [&] { latch.wait(); });
    waits("a barrier", [&] { barrier.arrive_and_wait(); });
    waits("a queue or buffered channel", [&] { queue.get(); });
    waits("a channel", [&] { channel.send(1); });
    waits("a condition_variable", [] {
      weft::mutex own;
      weft::condition_variable condition;
      std::unique_lock lock(own);
      condition.wait(lock);
    });
    waits("a select", [&] { weft::select(weft::on_get(queue, [](int) {}), weft::on_set(event, [] {})); });
    waits("a time", [] { weft::this_task::sleep_for(weft::never); });
    waits("a future", [&] { future.wait(); });
    waits("task 'named' (id " + std::to_string(named.id()) + ")", [&] { named.wait(); });
    waits("several tasks", [&] { weft::gather(future, future); });
    waits("several tasks", [&] { weft::wait(std::vector{future}); });
    weft::latch begun(1), joins(1);
    waits("its group", [&] {
      weft::with_group([&](weft::task_group& g) {
        g.spawn([&] {
          begun.count_down();
          future.wait();
        });
        begun.wait();  // the child has a stack of its own
        joins.count_down();
      });
    });
    joins.wait();
    for (auto const& [task, for_what] : all) {
      CHECK(what_it_waits_for(task) == for_what);
    }
    for (auto const& [task, for_what] : all) {
      task.cancel();
      task.wait();
    }
    named.cancel();
    named.wait();
    m.unlock();
    s.unlock();
  });
}

TEST_CASE("B15 a task that is still held, but done, is not listed; promises are no tasks") {
  shapes::everywhere([] {
    weft::promise<int> const p;
    std::vector<weft::task<>> held;
    for (int i = 0; i != 20; ++i) held.push_back(weft::spawn([] {}));
    for (auto const& t : held) t.wait();
    CHECK(weft::all_tasks().size() == 1);
  });
}

TEST_CASE("X10 B16 no task whose spawn happened before is missing, seen from another thread while others come and go") {
  shapes::for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    weft::promise<> gate;
    std::atomic<bool> over{false};
    auto const traffic = rt.spawn([&over] {
      while (!over) {
        std::vector<weft::task<>> some;
        for (int i = 0; i != 20; ++i) some.push_back(weft::spawn([] { weft::this_task::yield(); }));
        for (auto const& t : some) t.get();
      }
    });
    std::vector<weft::task<>> kept;
    for (int i = 0; i != 100; ++i) {
      kept.push_back(rt.spawn({.name = "kept " + std::to_string(i)}, [f = gate.get_future()] { f.wait(); }));
      if (i % 10 != 0) continue;
      auto const all = rt.all_tasks();
      for (std::size_t k = 0; k != kept.size(); ++k) {
        auto const* const info = find(all, kept[k].id());
        REQUIRE(info != nullptr);
        CHECK(info->name == "kept " + std::to_string(k));
      }
    }
    over = true;
    traffic.get();
    gate.set_value();
    for (auto const& t : kept) t.get();
  });
}

TEST_CASE("all_tasks is of one runtime only") {
  shapes::for_each_worker_count([](unsigned workers) {
    weft::runtime one({.workers = workers}), two({.workers = workers});
    weft::promise<> gate;
    auto const t = one.spawn([f = gate.get_future()] { f.wait(); });
    CHECK(one.all_tasks().size() == 1);
    CHECK(two.all_tasks().empty());
    CHECK(two.spawn([] { return weft::all_tasks().size(); }).get() == 1);
    gate.set_value();
    t.get();
  });
}

TEST_CASE("a blocking call is a task that is listed and named") {
  shapes::on_all([] {
    weft::promise<> started, gate;
    auto const t = weft::run_blocking([&] {
      weft::this_task::set_name("blocks");
      started.set_value();
      gate.get_future().get();
      return weft::this_task::id();
    });
    started.get_future().get();
    auto const all = weft::all_tasks();
    auto const* const i = find(all, t.id());
    REQUIRE(i != nullptr);
    CHECK(i->name == "blocks");
    CHECK(i->parent == weft::this_task::id());
    gate.set_value();
    CHECK(t.get() == t.id());
  });
}

TEST_CASE("a suspended task's stack use is known") {
  shapes::on_all([] {
    weft::promise<> gate;
    auto const t = weft::spawn([f = gate.get_future()] {
      char room[10000];
      asm volatile("" : : "r"(room) : "memory");
      f.wait();
      asm volatile("" : : "r"(room) : "memory");
    });
    std::size_t used = 0;
    shapes::until([&] {
      auto const all = weft::all_tasks();
      auto const* const i = find(all, t.id());
      used = i != nullptr ? i->stack_used : 0;
      return used >= 10000;
    });
    CHECK(used < 256 * 1024);
    gate.set_value();
    t.get();
  });
}
