// Channels and select, as Go has them: a value passes when both sides have come; select waits for several things at once.
#include <weft/channel.hpp>
#include <weft/queue.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/task.hpp>
#include <weft/task_group.hpp>

#include <chrono>
#include <iostream>
#include <optional>

using namespace std::chrono_literals;

int main() {
  weft::run([] {
    // A pipeline: numbers, their squares, the sum. Each stage ends when the one before it closes its channel.
    weft::channel<int> numbers;     // no buffer: the sender waits for the receiver
    weft::channel<int> squares(8);  // at most 8 on their way
    int sum = 0;
    weft::with_group([&](weft::task_group& group) {
      group.spawn([&] {
        for (int i = 1; i <= 10; ++i) numbers.send(i);
        numbers.close();
      });
      group.spawn([&] {
        for (int n : numbers) squares.send(n * n);
        squares.close();
      });
      group.spawn([&] {
        for (int s : squares) sum += s;
      });
    });
    std::cout << "sum of the squares: " << sum << '\n';

    // select: exactly one of its cases happens, the others do not.
    weft::channel<int> news(1);
    weft::queue<int> work;
    auto const look = [&] {
      weft::select(weft::on_receive(news, [](std::optional<int> n) { std::cout << "news: " << *n << '\n'; }),
                   weft::on_get(work, [](int w) { std::cout << "work: " << w << '\n'; }),
                   weft::otherwise([] { std::cout << "nothing yet\n"; }));
    };
    look();
    work.put(1);
    look();
    news.send(2);
    look();

    // With a time: what does not come in time is given up.
    auto const chosen = weft::select(weft::on_receive(news, [](std::optional<int>) {}), weft::after(1ms, [] {}));
    std::cout << (chosen == 0 ? "more news\n" : "no more news\n");
  });
}
