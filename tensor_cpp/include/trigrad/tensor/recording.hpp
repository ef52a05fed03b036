// What the engine's own sources know of capture: whether this thread records, and how a call is noted.
//
// Every call that a program may consist of (an op, backward, an update, a change in place) begins with the same line:
//
//   if (capture::recording()) return capture::op({&x}, [=](capture::Inputs in) { return this_very_call(*in[0]); });
//
// The function runs at once and is kept: a replay calls it again, on what then lies in x's slot. Calls made inside it are
// part of it and are not noted. Who does not record pays for a look at one number.
//
// Read next: capture.hpp (what is done with the notes).
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <initializer_list>
#include <span>
#include <string_view>

namespace trigrad {
class Tensor;
class Generator;
struct Cell;
}  // namespace trigrad

// Code that is laid out of the way of what runs at every call.
#if defined(__GNUC__)
#define TRIGRAD_COLD __attribute__((cold, noinline))
#else
#define TRIGRAD_COLD
#endif

namespace trigrad::capture {

using Inputs = std::span<const Tensor* const>;
using Function = std::function<void(Inputs in, Tensor* out)>;

inline std::atomic<int> recordings{0};  // of all threads
bool notes_here();                      // this thread records, and no noted call is running
inline bool recording() {
  if (recordings.load(std::memory_order_relaxed) == 0) [[likely]]
    return false;
  return notes_here();
}

void call(Inputs in, std::span<Tensor> out, Function f);  // runs f(in, out) and notes it; an undefined input stays one

template <class F>  // f(in) gives one tensor
TRIGRAD_COLD auto op(Inputs in, F f) {
  decltype(f(in)) z;
  call(in, {&z, 1}, [f = std::move(f)](Inputs now, Tensor* out) { *out = f(now); });
  return z;
}
template <class F>
TRIGRAD_COLD auto op(std::initializer_list<const Tensor*> in, F f) {
  return op(Inputs(in.begin(), in.size()), std::move(f));
}

// The same for two results of one call (sort, topk), and for a draw: its generator goes on at every replay.
template <class Pair, class F>
TRIGRAD_COLD Pair pair(const Tensor& x, F f) {
  decltype(Pair::values) both[2];
  const Tensor* in[] = {&x};
  call(in, both, [f = std::move(f)](Inputs now, auto* out) {  // auto: a Tensor is declared here, and defined elsewhere
    Pair found = f(*now[0]);
    out[0] = std::move(found.values);
    out[1] = std::move(found.indices);
  });
  return {both[0], both[1]};
}
void will_draw_from(Generator* generator);
template <class F>
TRIGRAD_COLD auto draw(Generator* generator, F f) {
  will_draw_from(generator);
  return op({}, [f = std::move(f)](Inputs) { return f(); });
}

Tensor grad_of(const Tensor& x);          // x.grad(); whether there is one is part of what was recorded
void grad_changes(const Cell* leaf);      // by the call that is noted next; null: any leaf's
void born(Cell* cell);                    // a cell was made outside of noted calls: a constant of the program
void check_read(const Cell& cell);        // CaptureError: a replay could not show these numbers to whoever asks
[[noreturn]] void refuse(std::string_view what, std::string_view instead);  // CaptureError; the recording is lost

}  // namespace trigrad::capture
