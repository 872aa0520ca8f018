// Callbacks: what runs when a future is done: in order, and never inside the call that completes it.
// asyncio: Future.add_done_callback.
#include <weft/future.hpp>
#include <weft/runtime.hpp>
#include <weft/task.hpp>

#include <exception>
#include <iostream>
#include <stdexcept>
#include <utility>

int main() {
  weft::runtime_options options;
  options.on_unhandled = [](weft::unhandled_error const& e) {  // errors that nobody else can be given
    try {
      std::rethrow_exception(e.error);
    } catch (std::exception const& error) {
      std::cout << "on_unhandled: " << error.what() << '\n';
    }
  };

  weft::run(options, [] {
    weft::promise<int> price;
    weft::promise<> told;
    auto const future = price.get_future();
    auto const is_told = told.get_future();
    future.on_done([](weft::future<int> const& f) { std::cout << "first: " << f.result() << '\n'; });
    auto unwanted = future.on_done([](weft::future<int> const&) { std::cout << "never printed\n"; });
    future.on_done([](weft::future<int> const&) { throw std::runtime_error("the second one throws"); });
    future.on_done([told = std::move(told)](weft::future<int> const& f) mutable {
      std::cout << "third: " << f.result() + 1 << '\n';
      told.set_value();
    });
    unwanted.reset();  // afterwards it does not run and is not running

    price.set_value(10);
    is_told.get();

    // The writing end hears that nobody wants the result any more.
    weft::promise<int> slow;
    weft::promise<> stopped;
    auto const is_stopped = stopped.get_future();
    slow.on_cancel([stopped = std::move(stopped)]() mutable { stopped.set_value(); });
    slow.get_future().cancel();
    is_stopped.get();
    std::cout << "the producer was told to stop\n";
  });
}
