// Fibonacci the wasteful way: every call a task of its own, spread over all cores.
#include <weft/runtime.hpp>
#include <weft/task.hpp>

#include <iostream>

long fib(int n) {
  if (n < 2) return n;
  auto left = weft::spawn([n] { return fib(n - 1); });  // may run on any core
  long const right = fib(n - 2);                        // meanwhile, here
  return left.get() + right;                            // waits; the thread goes on with other tasks
}

int main() {
  std::cout << "fib(25) = " << weft::run([] { return fib(25); }) << '\n';
}
