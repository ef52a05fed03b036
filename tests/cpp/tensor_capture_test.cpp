// Capture in C++: what a program is made of, when it fits, and that a replay repeats a step bit for bit. Whole training
// runs are in tests/python/test_compile.py.

#include "tensor_testing.hpp"

#include <trigrad/tensor/capture.hpp>
#include <trigrad/tensor/nn.hpp>
#include <trigrad/tensor/pool.hpp>

#include <thread>

namespace trigrad {
namespace {

using capture::Program;
using capture::Recording;
using testing::expect_error;

std::vector<double> numbers(const Tensor& x) {
  const Tensor flat = to_dtype(contiguous_data(x.detach()), DType::Float64);
  return {flat.data<double>(), flat.data<double>() + flat.numel()};
}

// A regression with momentum, in a fresh state at each call.
struct Training {
  Tensor weight = Tensor(tensor({1, 2, 3}, {3})).set_requires_grad();
  optim::SGD optimizer{{weight}, {.lr = 0.1, .momentum = 0.9}};

  Tensor step(const Tensor& x) {
    optimizer.zero_grad();
    const Tensor loss = mean(square(weight * x - 1.0));
    loss.backward();
    optimizer.step();
    return loss;
  }
};

std::unique_ptr<Program> record(const std::function<std::vector<Tensor>(std::span<const Tensor>)>& step, std::vector<Tensor> arguments) {
  Recording recording(arguments);
  return recording.finish(step(arguments));
}

TEST(TensorCapture, a_replay_repeats_the_step) {
  Training eager, captured;
  const Tensor first = tensor({1, 2, 3}, {3});
  std::unique_ptr<Program> program;
  for (int settling = 0; settling < 2; ++settling) {
    program = record([&](auto x) { return std::vector{captured.step(x[0])}; }, {first});
    EXPECT_EQ(program->unsettled().empty(), settling == 1);  // the first step makes the velocity
    eager.step(first);
  }
  for (int k = 0; k < 50; ++k) {
    const Tensor x[] = {tensor({0.1 * k, 1, -k / 7.0}, {3})};
    Tensor loss;
    ASSERT_TRUE(program->fits(x));
    program->replay(x, {&loss, 1});
    EXPECT_EQ(numbers(loss), numbers(eager.step(x[0])));
    EXPECT_EQ(numbers(captured.weight), numbers(eager.weight));
    EXPECT_EQ(numbers(captured.weight.grad()), numbers(eager.weight.grad()));
  }
}

TEST(TensorCapture, an_updates_numbers_may_change) {
  Training captured;
  const Tensor x[] = {tensor({1, 1, 1}, {3})};
  captured.step(x[0]);
  const auto program = record([&](auto in) { return std::vector{captured.step(in[0])}; }, {x[0]});
  ASSERT_EQ(program->updates().size(), 1u);
  std::get<optim::SGDOptions>(program->updates()[0]->options).lr = 0;
  const auto before = numbers(captured.weight);
  Tensor loss;
  program->replay(x, {&loss, 1});
  EXPECT_EQ(numbers(captured.weight), before);
}

TEST(TensorCapture, a_composite_call_is_one_entry) {
  const Tensor scores = zeros({2, 3}), labels = zeros({2}, DType::Int64);
  EXPECT_EQ(record([](auto in) { return std::vector{cross_entropy(in[0], in[1])}; }, {scores, labels})->size(), 1u);
}

TEST(TensorCapture, constants_are_fresh_and_numbers_are_shared) {
  const auto program = record(
      [](auto in) {
        Tensor total = zeros({2});
        total.add_(in[0]);
        return std::vector{total, in[0] * 2.0};
      },
      {ones({2})});
  const Tensor x[] = {full({2}, 5)};
  for (int k = 0; k < 3; ++k) {
    Tensor results[2];
    program->replay(x, results);
    EXPECT_EQ(numbers(results[0]), (std::vector<double>{5, 5}));
    EXPECT_EQ(numbers(results[1]), (std::vector<double>{10, 10}));
    results[0].zero_();  // whoever gets it may change it
  }
}

TEST(TensorCapture, draws_go_on) {
  Generator drawn(7), expected(7);
  const auto program = record([&](auto) { return std::vector{rand({3}, DType::Float32, &drawn)}; }, {});
  rand({3}, DType::Float32, &expected);
  for (int k = 0; k < 3; ++k) {
    Tensor z;
    program->replay({}, {&z, 1});
    EXPECT_EQ(numbers(z), numbers(rand({3}, DType::Float32, &expected)));
  }
}

TEST(TensorCapture, what_was_found_must_be_found_again) {
  Tensor w = ones({2}).set_requires_grad();
  const auto program = record([&](auto) { return std::vector{w.grad().defined() ? w * 2.0 : w * 3.0}; }, {});
  EXPECT_TRUE(program->fits({}));
  w.set_grad(ones({2}));
  EXPECT_FALSE(program->fits({}));
  w.set_grad({});
  EXPECT_TRUE(program->fits({}));
  w.set_requires_grad(false);
  EXPECT_FALSE(program->fits({}));
}

TEST(TensorCapture, numbers_are_not_read_while_recording) {
  const std::vector<Tensor> x{ones({})};
  {
    Recording recording(x);
    expect_error<CaptureError>(
        "compile: the numbers of a tensor of shape () were read (item(), numpy(), print, bool(), if) while the step was recorded, at a "
        "place C++ does not record: a replay does not run the lines in between; return the tensor from the step and read it there",
        [&] { (x[0] * 2.0).item(); });
    EXPECT_THROW(recording.finish({}), CaptureError);
  }
  EXPECT_EQ((x[0] * 2.0).item(), 2);
}

TEST(TensorCapture, a_recording_that_ends_early_leaves_nothing) {
  {
    Recording recording({});
    EXPECT_TRUE(capture::recording());
    EXPECT_THROW(Recording({}), CaptureError);
  }
  EXPECT_FALSE(capture::recording());
  EXPECT_EQ(capture::recordings.load(), 0);
}

TEST(TensorCapture, an_error_in_a_replay_leaves_it_usable) {
  const auto program = record([](auto in) { return std::vector{cross_entropy(in[0], in[1])}; }, {zeros({1, 3}), zeros({1}, DType::Int64)});
  const Tensor wrong[] = {zeros({1, 3}), full({1}, 9, DType::Int64)}, right[] = {zeros({1, 3}), zeros({1}, DType::Int64)};
  Tensor loss;
  EXPECT_THROW(program->replay(wrong, {&loss, 1}), IndexError);
  program->replay(right, {&loss, 1});
  EXPECT_NEAR(loss.item(), 1.0986, 1e-4);
  EXPECT_TRUE(grad_enabled());
}

TEST(TensorCapture, a_program_belongs_to_its_thread) {
  const auto program = record([](auto in) { return std::vector{in[0] * 2.0}; }, {ones({2})});
  std::thread([&] {
    const Tensor x[] = {ones({2})};
    Tensor z;
    EXPECT_THROW(program->replay(x, {&z, 1}), ThreadError);
    EXPECT_FALSE(capture::recording());
  }).join();
}

TEST(TensorCapture, a_recording_ends_when_it_is_finished) {
  const Tensor now[] = {tensor({1, 2}, {2}), tensor({3, 4}, {2})}, next[] = {tensor({5, 6}, {2}), tensor({7, 8}, {2})};
  Recording recording(now);
  Tensor product = now[0] * now[1];
  const auto program = recording.finish({&product, 1});
  program->replay(next, {&product, 1});  // though `recording` lives on
  EXPECT_EQ(numbers(product), (std::vector<double>{35, 48}));
  EXPECT_EQ(numbers(next[0] + next[1]), (std::vector<double>{12, 14}));
  EXPECT_NO_THROW(Recording{now});
  const std::string text = "compile: a replay takes 2 arguments and gives 1 results, not ";
  expect_error<CaptureError>(text + "1 and 1", [&] { program->replay({next, 1}, {&product, 1}); });
  expect_error<CaptureError>(text + "2 and 0", [&] { program->replay(next, {}); });
}

TEST(TensorCapture, other_threads_may_read) {
  Recording recording({});
  std::thread([] { EXPECT_EQ((ones({}) * 2.0).item(), 2); }).join();
}

TEST(TensorCapture, a_snapshot_takes_back_and_tells_apart) {
  Training captured;
  const Tensor x[] = {tensor({1, 1, 1}, {3})};
  captured.step(x[0]);
  const auto program = record([&](auto in) { return std::vector{captured.step(in[0])}; }, {x[0]});
  const auto before = numbers(captured.weight);
  const capture::Snapshot then = program->snapshot(x);
  Tensor loss;
  program->replay(x, {&loss, 1});
  EXPECT_EQ(program->difference(x, then), "the gradient of captured tensor 0 (shape (3,), requires grad)");
  program->restore(x, then);
  EXPECT_EQ(program->difference(x, then), "");
  EXPECT_EQ(numbers(captured.weight), before);
}

TEST(TensorCapture, steady_replays_ask_the_system_for_nothing) {
  Training captured;
  const Tensor x[] = {tensor({1, 1, 1}, {3})};
  captured.step(x[0]);
  const auto program = record([&](auto in) { return std::vector{captured.step(in[0])}; }, {x[0]});
  const auto replay = [&] {
    Tensor loss;
    program->replay(x, {&loss, 1});
  };
  for (int k = 0; k < 10; ++k) replay();
  const PoolCounters before = pool_counters();
  for (int k = 0; k < 1000; ++k) replay();
  EXPECT_EQ(pool_counters().system_calls, before.system_calls);
  EXPECT_EQ(pool_counters().live_bytes, before.live_bytes);
}

}  // namespace
}  // namespace trigrad
