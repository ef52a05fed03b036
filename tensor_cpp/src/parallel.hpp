// parallel_for: a loop cut into as many runs as there are threads. side_by_side: two tasks, a thread for each.
#pragma once

#include <trigrad/tensor/parallel.hpp>

#include <cstdint>
#include <exception>

namespace trigrad {

// A function that is called, not kept: no allocation, unlike std::function.
class PartTask {
 public:
  template <class F>
  explicit PartTask(F& f) : object_(&f), call_([](void* object, int part) { (*static_cast<F*>(object))(part); }) {}
  void operator()(int part) const { call_(object_, part); }

 private:
  void* object_;
  void (*call_)(void*, int);
};

// task(0) ... task(parts - 1), each on a thread, or all on this one where the team is busy; returns when done.
void run_parts(int parts, PartTask task);

// f() and g(), each on a thread of its own: they do not wait for one another and take about as long. Either may throw.
template <class F, class G>
void side_by_side(F f, G g) {
  std::exception_ptr thrown[2];
  auto run = [&](int part) {
    try {
      part == 0 ? f() : g();
    } catch (...) {
      thrown[part] = std::current_exception();
    }
  };
  run_parts(2, PartTask(run));
  for (const auto& error : thrown)
    if (error) std::rethrow_exception(error);
}

// How many threads work may be cut between: while they are at work on something, whoever asks has but his own.
int free_threads();

// A loop that moves fewer numbers than this is done by one thread: it is over before another one is awake.
constexpr std::int64_t kWorthSharing = std::int64_t{1} << 16;
inline int threads_for(std::int64_t numbers) { return numbers < kWorthSharing ? 1 : free_threads(); }

// For two runs or more. Never inlined: short loops, which most are, would carry it with them.
template <class F>
[[gnu::noinline]] void cut_in_parts(std::int64_t n, std::int64_t unit, int parts, F f) {
  const std::int64_t units = (n + unit - 1) / unit;
  if (parts > units) parts = static_cast<int>(units);
  auto run = [&](int part) {
    const auto border = [&](int k) { return k == parts ? n : units * k / parts * unit; };
    f(border(part), border(part + 1), part);
  };
  run_parts(parts, PartTask(run));
}

// f(first, last, part) over [0, n), cut at multiples of `unit` into at most `parts` runs. f must not throw.
template <class F>
void parallel_for(std::int64_t n, std::int64_t unit, int parts, F f) {
  if (parts <= 1 || n <= unit) f(std::int64_t{0}, n, 0);
  else cut_in_parts(n, unit, parts, f);
}

}  // namespace trigrad
