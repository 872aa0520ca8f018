#pragma once
// What the explorer knows during one execution. All of it in fixed arrays: the program's heap is an arena
// that starts afresh with every execution, so that addresses repeat and abandoned threads leave nothing
// behind.
#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>

#include "tests/model/explorer.hpp"

namespace weft::model {

inline constexpr int max_threads = 4;  // 0: whoever sets up and looks at the end
inline constexpr int max_locations = 96;
inline constexpr int max_stores = 96;
inline constexpr int max_plains = 256;
inline constexpr int max_buffered = 8;
inline constexpr int stale_reach = 3;  // a load sees one of the last three stores
inline constexpr int max_trace = 4096;

// What a thread has seen: a vector clock for plain data, and for each location the oldest store it may
// still read.
struct view {
  std::array<std::uint16_t, max_threads> when{};
  std::array<std::uint8_t, max_locations> floor{};

  void join(view const& o) noexcept {
    for (std::size_t i = 0; i != when.size(); ++i) when[i] = std::max(when[i], o.when[i]);
    for (std::size_t i = 0; i != floor.size(); ++i) floor[i] = std::max(floor[i], o.floor[i]);
  }
};

struct stored {
  bits value;
  bool carries;  // an acquire that reads it joins `carried`
  view carried;
};

struct location {
  void const* address;
  bool alive;
  int maker;  // its construction is plain data: to use it before having seen that is a race
  std::uint16_t made_when;
  int stores;
  std::array<stored, max_stores> history;  // in modification order
};

struct plain_data {
  void const* address;
  bool alive;
  int writer;
  std::uint16_t written_when;
  std::array<std::uint16_t, max_threads> read_when;
};

struct buffered {
  int location;
  bits value;
  bool release;
  view carried;
};

struct logical_thread {
  enum class life { ready, blocked, done };
  char const* name;
  std::function<void()> body;
  void* context;
  life state;
  bool asleep;   // preempted before `next`, and nobody has touched what `next` touches: to resume it now is redundant
  bool yielded;  // spins, and nobody has written anything since
  struct {
    int location;
    bool write;
  } next;
  view seen;
  int buffers;
  std::array<buffered, max_buffered> buffer;
};

struct traced {
  int thread;
  char const* what;
  void const* address;
  bits value;
};

struct execution {
  int current = 0;
  int thread_count = 1;
  std::array<logical_thread, max_threads> all;
  int locations = 0;
  std::array<location, max_locations> words;
  int plains = 0;
  std::array<plain_data, max_plains> data;
  limits bound;
  int preemptions = 0, weak = 0, steps = 0;
  int events = 0;
  std::array<traced, max_trace> trace;
};
extern execution now;

// explorer.cpp
int choose(int options);              // 0 is the ordinary one
bool weak_left();                     // may this execution still deviate?
void point(int location, bool write);  // before every atomic step: others may run first
void took_step(int location, bool write);
void block();
void note(char const* what, void const* address, bits value);

// memory.cpp
void drain_everything();  // at the end, in every order that makes a difference
int new_location(void const* address, bits first);
void acquire_newest(int location);
void release_newest(int location);

}  // namespace weft::model
