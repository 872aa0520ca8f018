#pragma once
// Runs f on a thread whose fibers Boost.Fiber schedules: 1 worker round_robin, 2 workers work_stealing.
#include <boost/fiber/algo/work_stealing.hpp>
#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/fixedsize_stack.hpp>
#include <boost/fiber/mutex.hpp>
#include <boost/fiber/operations.hpp>

#include <barrier>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace bench {

inline boost::fibers::fixedsize_stack boost_stack() { return boost::fibers::fixedsize_stack{64 * 1024}; }

// work_stealing counts its threads in statics and never forgets one, so a process can have one such group
// only. Between two measurements both threads block in the kernel; during one, the second searches without
// pause (the default of work_stealing: with suspension on, a thread that has gone to sleep is not woken for
// work elsewhere).
class boost_pair {
 public:
  static boost_pair& instance() {
    static boost_pair pair;
    return pair;
  }

  void run(std::function<void()> job) {
    std::unique_lock lock{mutex_};
    job_ = std::move(job);
    state_ = working;
    changed_.notify_all();
    changed_.wait(lock, [&] { return state_ == idle; });
  }

  ~boost_pair() {
    {
      std::lock_guard const lock{mutex_};
      state_ = ended;
    }
    changed_.notify_all();
    main_.join();
    helper_.join();
  }

 private:
  enum state { idle, working, ended };

  bool next() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return state_ != idle; });
    return state_ == working;
  }

  void lead() {
    join_group();
    while (next()) {
      both_.arrive_and_wait();
      job_();
      {
        std::lock_guard const lock{finish_mutex_};
        finished_ = true;
      }
      finish_.notify_all();
      both_.arrive_and_wait();
      {
        std::lock_guard const lock{mutex_};
        finished_ = false;
        state_ = idle;
      }
      both_.arrive_and_wait();
      changed_.notify_all();
    }
  }

  void help() {
    join_group();
    while (next()) {
      both_.arrive_and_wait();
      {
        std::unique_lock lock{finish_mutex_};  // waiting as a fiber lets this thread's scheduler steal
        finish_.wait(lock, [&] { return finished_; });
      }
      both_.arrive_and_wait();
      both_.arrive_and_wait();
    }
  }

  void join_group() {
    boost::fibers::use_scheduling_algorithm<boost::fibers::algo::work_stealing>(2u);
    both_.arrive_and_wait();  // nobody may steal before both are registered
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  state state_ = idle;
  std::function<void()> job_;
  std::barrier<> both_{2};
  boost::fibers::mutex finish_mutex_;
  boost::fibers::condition_variable finish_;
  bool finished_ = false;
  std::thread main_{[this] { lead(); }};
  std::thread helper_{[this] { help(); }};
};

template <class F> void on_boost_fibers(std::int64_t workers, F&& f) {
  if (workers == 1) {
    std::thread{std::ref(f)}.join();
  } else {
    boost_pair::instance().run(std::ref(f));
  }
}

}  // namespace bench
