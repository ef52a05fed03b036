// Threads: a graph belongs to the one that recorded it; numbers cross freely; separate graphs train side by side.
//
// These tests run in the TSan build, where a data race is a failure even when all numbers come out right.

#include "../../tensor_cpp/src/parallel.hpp"
#include "tensor_testing.hpp"

#include <trigrad/tensor/optim.hpp>
#include <trigrad/tensor/parallel.hpp>
#include <trigrad/tensor/pool.hpp>

#include <atomic>
#include <barrier>
#include <cmath>
#include <set>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace trigrad::testing {
namespace {

const std::string kForeign = ": this graph belongs to another thread, the one that recorded it; detach() shares values across threads";

TEST(TensorThreads, ForeignGraphsAreRefused) {
  const Tensor x = leaf(2);
  const Tensor h = x * 3.0;
  in_thread([&] {
    expect_error<ThreadError>("add" + kForeign, [&] { h + 1.0; });
    expect_error<ThreadError>("exp" + kForeign, [&] { exp(h); });
    expect_error<ThreadError>("sum" + kForeign, [&] { sum(h); });
    expect_error<ThreadError>("mul" + kForeign, [&] { leaf(1) * h; });
    for (const Order order : kOrders) expect_error<ThreadError>("backward" + kForeign, [&] { h.backward({.order = order}); });
    expect_error<ThreadError>("backward" + kForeign, [&] { gradients({&h, 1}, {&x, 1}, {}, {}, false); });
    EXPECT_EQ((h.detach() + 1.0).item(), 7) << "the advice works";
    const NoGrad guard;
    EXPECT_EQ((h + 1.0).item(), 7) << "nothing is recorded, so nothing is refused";
  });
  h.backward();
  EXPECT_EQ(x.grad().item(), 3) << "the owner is not disturbed";
}

TEST(TensorThreads, AGraphOutlivesItsThread) {
  Tensor y;
  in_thread([&] { y = exp(leaf(1)); });
  EXPECT_DOUBLE_EQ(y.item(), std::exp(1.0));
  EXPECT_THROW(y.backward(), ThreadError);
  y = Tensor();  // freed here, block by block
}

TEST(TensorThreads, NumbersCrossFreely) {
  const Tensor x = randn({32, 32}, DType::Float64);
  std::vector<Tensor> results(4);
  std::vector<std::thread> threads;
  for (std::size_t k = 0; k < results.size(); ++k)
    threads.emplace_back([&, k] {
      for (int step = 0; step < 100; ++step) {
        const Tensor mine = x;  // one cell, its counts changed by all
        results[k] = matmul(slice(mine, 0, 0, 16, 1), transpose(mine, 0, 1));
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const Tensor& result : results) EXPECT_TRUE(same_bits(result, results[0]));
}

TEST(TensorThreads, SeparateGraphsTrainSideBySide) {
  constexpr int kThreads = 4;
  Generator generator(3);
  const Tensor data = randn({16, 3}, DType::Float64, &generator), target = sum(data, {1}, true);
  const auto train = [&](Order order) {
    Tensor w = tensor({0.1, -0.2, 0.3}, {1, 3}, DType::Float64).set_requires_grad();
    for (int step = 0; step < 300; ++step) {
      w.set_grad({});
      mse_loss(linear(data, w), target).backward({.order = order});
      const NoGrad guard;
      w.sub_(w.grad() * 0.1);
    }
    return w.detach();
  };
  std::vector<Tensor> found(kThreads);
  std::vector<std::thread> threads;
  for (std::size_t k = 0; k < kThreads; ++k) threads.emplace_back([&, k] { found[k] = train(kOrders[k % 2]); });
  for (std::thread& thread : threads) thread.join();
  for (const Tensor& w : found) expect_near(numbers(w), {1, 1, 1}, 1e-3);
  EXPECT_TRUE(same_bits(found[0], found[2])) << "nothing that another thread does shows in the numbers";
}

TEST(TensorThreads, SwitchesAreEachThreadsOwn) {
  const NoGrad guard;
  in_thread([] {
    EXPECT_TRUE(grad_enabled());
    set_grad_enabled(false);
    set_detect_anomaly(true);
  });
  EXPECT_FALSE(grad_enabled());
  EXPECT_FALSE(detect_anomaly());
}

// Handles of a graph are dropped in another thread, while its owner records and sweeps.
TEST(TensorThreads, HandlesMayBeDroppedElsewhere) {
  const Tensor x = leaf({1, 2, 3}, {3});
  for (int round = 0; round < sized(300, 100); ++round) {
    std::vector<Tensor> parts{x * 2.0};
    for (int k = 0; k < 20; ++k) parts.push_back(k % 3 == 0 ? exp(parts.back() * 0.1) : k % 3 == 1 ? parts.back() + x : relu(parts.back()));
    const Tensor loss = sum(parts.back());
    std::barrier start(2);
    std::thread dropper([&start, mine = std::move(parts)]() mutable {
      start.arrive_and_wait();
      mine.clear();
    });
    start.arrive_and_wait();
    loss.backward({.order = kOrders[round % 3]});
    dropper.join();
  }
  EXPECT_TRUE(x.grad().defined());
}

TEST(TensorThreads, TheLastHandleOfAGraphMayBeDroppedElsewhere) {
  for (int round = 0; round < 20; ++round) {
    Tensor y = leaf(1);
    for (int k = 0; k < 1000; ++k) y = tanh(y) * 2.0;
    in_thread([mine = std::move(y)] { EXPECT_TRUE(mine.defined()); });
  }
}

TEST(TensorThreads, BlocksTravelBetweenThreads) {
  // One thread makes, the other drops: blocks pile up where they are freed and come back when that thread ends.
  for (int round = 0; round < 10; ++round) {
    std::vector<Tensor> made;
    for (int k = 0; k < 500; ++k) made.push_back(zeros({k}));
    in_thread([mine = std::move(made)]() mutable {
      mine.clear();
      for (int k = 0; k < 500; ++k) mine.push_back(ones({k}));
    });
  }
  EXPECT_EQ(sum(ones({100})).item(), 100);
}

TEST(TensorThreads, ATensorMayOutliveItsThreadsPool) {
  static std::atomic<double> seen = 0;
  static std::atomic<std::uint64_t> most = 1;
  struct Last {
    Tensor x;
    ~Last() {
      x = x + 1.0;  // takes blocks and gives some back
      seen = sum(x).item();
      most = pool_counters().peak_bytes;
    }
  };
  in_thread([] {
    thread_local Last last;  // before the thread's first block, hence its end comes after the pool's
    last.x = zeros({1000});
  });
  EXPECT_EQ(seen, 1000);
  EXPECT_EQ(most, 0U) << "there was a pool, which has counted a thousand numbers";
}

TEST(TensorThreads, TheDefaultGeneratorServesAll) {
  manual_seed(7);
  const std::uint64_t before = default_generator().next_block();
  constexpr int kThreads = 4, kDraws = 50;
  std::vector<std::vector<double>> drawn(kThreads);
  std::vector<std::thread> threads;
  for (std::size_t k = 0; k < kThreads; ++k)
    threads.emplace_back([&, k] {
      for (int i = 0; i < kDraws; ++i)
        for (const double value : numbers(rand({4}))) drawn[k].push_back(value);
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(default_generator().next_block(), before + kThreads * kDraws) << "one block per draw, none lost";
  std::multiset<double> together, alone;
  for (const auto& values : drawn) together.insert(values.begin(), values.end());
  Generator same(7);
  for (int i = 0; i < kThreads * kDraws; ++i)
    for (const double value : numbers(rand({4}, DType::Float32, &same))) alone.insert(value);
  EXPECT_EQ(together, alone) << "the numbers of one stream, dealt out in some order";
}

// Large loops are cut between threads: elementwise ops, gradients added in place, sums, updates. Of two threads, each takes
// one of the two products of a layer's backward.
std::vector<Tensor> large_work(DType dtype) {
  manual_seed(5);
  Tensor x = randn({401, 701}, dtype);  // neither a multiple of a vector nor of a block
  x.set_requires_grad(true);
  const Tensor loss = sum(square(tanh(x)) + x * 3.0) + mean(exp(x));
  loss.backward();
  const Tensor gradient = x.grad(), columns = sum(x.detach(), {0}), rows = sum(x.detach(), {1});
  optim::SGD({x}, {.lr = 0.1, .momentum = 0.9, .weight_decay = 0.01}).step();
  optim::Adam({x}, {.lr = 0.1, .amsgrad = true}).step();
  const Tensor h = randn({37, 301}, dtype).set_requires_grad(), w = randn({259, 301}, dtype).set_requires_grad();
  sum(square(linear(h, w, {}, Activation::Tanh))).backward();
  return {loss.detach(), gradient, columns, rows, x.detach(), h.grad(), w.grad()};
}

TEST(TensorThreads, BitsDoNotDependOnTheirNumber) {
  const int before = num_threads();
  for (const auto dtype : {DType::Float32, DType::Float64}) {
    set_num_threads(1);
    const auto alone = large_work(dtype);
    for (const int threads : {2, 3, 7}) {
      set_num_threads(threads);
      const auto shared = large_work(dtype);
      for (std::size_t k = 0; k < alone.size(); ++k)
        EXPECT_TRUE(same_bits(alone[k], shared[k])) << "result " << k << ", " << threads << " threads";
    }
  }
  set_num_threads(before);
}

TEST(TensorThreads, TwoTasksSideBySide) {
  const int before = num_threads();
  set_num_threads(2);
  std::thread::id ran[2];
  int free[2] = {};
  side_by_side([&] { ran[0] = std::this_thread::get_id(), free[0] = free_threads(); },
               [&] { ran[1] = std::this_thread::get_id(), free[1] = free_threads(); });
  EXPECT_EQ(ran[0], std::this_thread::get_id());
  EXPECT_NE(ran[1], ran[0]);
  EXPECT_EQ(free[0], 1) << "what a task shares out stays on its thread";
  EXPECT_EQ(free[1], 1);
  EXPECT_EQ(free_threads(), 2);
  const auto fails = [] { throw ValueError("no"); };
  bool other_ran = false;
  EXPECT_THROW(side_by_side(fails, [&] { other_ran = true; }), ValueError);
  EXPECT_TRUE(other_ran);
  EXPECT_THROW(side_by_side([] {}, fails), ValueError);
  EXPECT_EQ(free_threads(), 2) << "a failure does not keep the team";
  set_num_threads(before);
}

#if defined(__linux__)
TEST(TensorThreads, AForkedChildDoesNotWaitForItsParentsTeam) {
  const int before = num_threads();
  set_num_threads(2);
  int found = -1;
  side_by_side(
      [&] {
        const pid_t child = fork();
        if (child == 0) _exit(free_threads());
        waitpid(child, &found, 0);
      },
      [] {});
  EXPECT_TRUE(WIFEXITED(found));
  EXPECT_EQ(WEXITSTATUS(found), 2);
  set_num_threads(before);
}

TEST(TensorThreads, APartIsDoneElsewhereThanItsCallerIs) {
  cpu_set_t all;
  ASSERT_EQ(sched_getaffinity(0, sizeof(all), &all), 0);
  if (CPU_COUNT(&all) < 2) GTEST_SKIP() << "there is one processor";
  for (int processor = 0; processor < CPU_SETSIZE; ++processor) {
    if (!CPU_ISSET(processor, &all)) continue;
    in_thread([&] {
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(processor, &one);
      ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
      int found[2];
      auto look = [&](int part) { found[part] = sched_getcpu(); };
      for (int k = 0; k < 10; ++k) {
        run_parts(2, PartTask(look));
        EXPECT_EQ(found[0], processor);
        EXPECT_NE(found[1], processor);
      }
    });
  }
}
#endif

TEST(TensorThreads, ALongSumIsAsExactAsAShortOne) {
  const std::int64_t n = 1'000'003;
  const Tensor x = full({n}, 0.1, DType::Float32);
  const double expected = static_cast<double>(n) * static_cast<double>(0.1f);
  EXPECT_EQ(static_cast<float>(sum(x).item()), static_cast<float>(expected)) << "one rounding, at the end";
  EXPECT_EQ(sum(ones({n}, DType::Int64)).item(), static_cast<double>(n)) << "every number once";
}

}  // namespace
}  // namespace trigrad::testing
