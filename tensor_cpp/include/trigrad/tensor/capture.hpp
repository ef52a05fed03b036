// Capture: a step that is recorded once and then replayed without its caller.
//
//   const Tensor now[] = {x, y}, next[] = {next_x, next_y};
//   capture::Recording recording(now);
//   Tensor loss = step(x, y);            // runs as always, and is written down
//   auto program = recording.finish({&loss, 1});
//   program->replay(next, {&loss, 1});   // the same calls on other numbers
//
// A program is a flat list of calls of the engine: the ops of the forward pass, backward, the optimiser's updates. Each
// reads and fills numbered slots. A replay makes the same calls in the same order, with a new graph each time, so its
// bits are those of the step itself; what is saved is everything between the calls (from Python, nearly all the time).
//
// A slot is
//   an argument   given anew at each replay
//   captured      a tensor that was there before the step: a parameter, a buffer, an optimiser's state; held for good
//   made          the result of a call, dropped after the last call that reads it
//   a constant    made while recording, but by no noted call (a number, zeros()); every replay starts with a fresh copy
//
// A program belongs to the thread that recorded it, as graphs do. What decides between calls is not seen: a program is
// right for as long as whoever replays it would have made the same calls. fits() checks what the engine can tell.
//
// Read before: recording.hpp. Simplification: nothing is fused and no memory planned; a replay costs what a C++ program
// with the same calls costs, and from Python one call more, with the comparison of all that is watched.
#pragma once

#include <trigrad/tensor/optim.hpp>
#include <trigrad/tensor/random.hpp>
#include <trigrad/tensor/recording.hpp>

#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <variant>

namespace trigrad::capture {

// An optimiser's update. Whoever owns the optimiser writes the numbers of today before each replay.
struct Update {
  std::vector<Tensor> parameters;
  std::variant<optim::SGDOptions, optim::AdamOptions> options;
  std::int64_t step = 0;  // Adam's, from 1
};
// Notes an update, which is called with the numbers as they then are.
void update(Inputs in, Update numbers, std::function<void(Inputs, const Update&)> f);

struct Snapshot {  // all that a program can change: copies
  std::vector<Tensor> numbers, grads, held_grads;
  std::vector<std::array<std::uint64_t, 2>> generators;
};

class Program {
 public:
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  bool fits(std::span<const Tensor> arguments);  // whether each tensor tracks gradients, and has one, as it was when recorded
  // ThreadError on another thread. An error of a call ends the replay where it happened, as it would have ended the step.
  void replay(std::span<const Tensor> arguments, std::span<Tensor> results);
  std::size_t size() const { return entries_.size(); }
  const std::vector<std::shared_ptr<Update>>& updates() const { return updates_; }
  // Empty, or why a replay would not do what the next call does: the first step of an optimiser makes its state.
  const std::string& unsettled() const { return unsettled_; }

  Snapshot snapshot(std::span<const Tensor> arguments) const;
  void restore(std::span<const Tensor> arguments, const Snapshot& then) const;
  std::string difference(std::span<const Tensor> arguments, const Snapshot& then) const;  // between then and now, in words

 private:
  friend class Recording;
  friend class Notes;
  struct Entry {
    Function function;
    std::vector<const Tensor*> in;
    Tensor* out;
    bool grad_enabled;
    std::vector<Tensor*> last_use;  // slots that are empty afterwards
  };
  struct Captured {
    const Tensor* slot;
    bool requires_grad;  // when it was first met
  };
  struct GradGuard {
    const Tensor* slot;
    bool defined;
  };
  Program() = default;
  std::vector<Tensor> changeable(std::span<const Tensor> arguments) const;

  std::deque<std::vector<Tensor>> slots_;  // in blocks that stay where they are; the arguments are the first block
  std::vector<Entry> entries_;
  std::vector<const Tensor*> results_;
  std::vector<Tensor*> temporary_;  // all slots that are empty between replays
  std::vector<Captured> captured_;
  std::vector<GradGuard> grad_guards_;
  std::vector<std::shared_ptr<Update>> updates_;
  std::vector<Generator*> generators_;
  std::vector<std::shared_ptr<Generator>> kept_;  // those of them that could be freed meanwhile
  std::string unsettled_;
  std::thread::id thread_ = std::this_thread::get_id();
  bool running_ = false;
};

class Notes;  // src/capture.cpp

// From here until finish() or the end of its life, this thread's calls are noted. One at a time for each thread.
class Recording {
 public:
  explicit Recording(std::span<const Tensor> arguments);
  ~Recording();
  void stop();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  std::unique_ptr<Program> finish(std::span<const Tensor> results);  // CaptureError where something could not be noted
  const std::vector<std::shared_ptr<Update>>& updates() const;       // noted so far

 private:
  std::unique_ptr<Notes> notes_;
};

}  // namespace trigrad::capture
