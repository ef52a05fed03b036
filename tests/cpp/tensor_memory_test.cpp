// Memory: a training loop in steady state takes none from the system and holds no more than it needs.
//
// Counted twice: by the pool's own counters, and by standing in for malloc in this program, which sees what the pool does
// not (the standard library's containers, Eigen's scratch).

#include "tensor_testing.hpp"

#include <trigrad/tensor/pool.hpp>

#include <cstdio>
#include <cstdlib>

namespace {
thread_local long malloc_calls = 0;
}

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define TRIGRAD_COUNTS_MALLOC 1
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void* malloc(std::size_t bytes) {
  ++malloc_calls;
  return __libc_malloc(bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  ++malloc_calls;
  return __libc_memalign(alignment, bytes);
}
}
#endif

namespace trigrad::testing {
namespace {

constexpr int kSteps = sized(100'000, 2'000);

struct Growth {
  PoolCounters before = pool_counters();
  long mallocs = malloc_calls;
  void expect_none() const {
    const PoolCounters now = pool_counters();
    EXPECT_EQ(now.live_bytes, before.live_bytes) << "memory stays in use";
    EXPECT_EQ(now.system_calls, before.system_calls) << "the pool went to the system";
    EXPECT_EQ(malloc_calls, mallocs) << "somebody else called malloc";
  }
};

// Runs `step` until memory has settled, then `count` times more.
template <class F>
void expect_steady(int count, F&& step) {
  for (int k = 0; k < 20; ++k) step();
  const Growth growth;
  for (int k = 0; k < count; ++k) step();
  growth.expect_none();
}

struct Mlp {
  Tensor w1 = randn({8, 4}).set_requires_grad(), b1 = zeros({8}).set_requires_grad();
  Tensor w2 = randn({1, 8}).set_requires_grad(), b2 = zeros({1}).set_requires_grad();
  Tensor operator()(const Tensor& x) const { return linear(tanh(linear(x, w1, b1)), w2, b2); }
  void step(double rate) {
    const NoGrad guard;
    for (Tensor* w : {&w1, &b1, &w2, &b2}) {
      w->sub_(w->grad() * rate);
      w->grad().zero_();
    }
  }
};

TEST(TensorMemory, ATrainingLoopIsFlat) {
  Mlp model;
  const Tensor x = randn({16, 4}), y = randn({16, 1});
  double first = 0, last = 0;
  for (const Order order : {Order::Tape, Order::Stack}) {
    expect_steady(kSteps / 2, [&] {
      const Tensor loss = mse_loss(model(x), y);
      loss.backward({.order = order});
      model.step(0.01);
      last = loss.item();
      if (first == 0) first = last;
    });
  }
  EXPECT_LT(last, first / 2) << "and it learns";
}

TEST(TensorMemory, ATrainingLoopThatDropsItsGradientsIsFlat) {
  Mlp model;
  const Tensor x = randn({16, 4}), y = randn({16, 1});
  expect_steady(kSteps / 10, [&] {
    mse_loss(relu(model(x)), y).backward();
    const NoGrad guard;
    for (Tensor* w : {&model.w1, &model.b1, &model.w2, &model.b2}) w->set_grad({});
  });
}

// One step of many ops, so that an op that allocates is named here.
TEST(TensorMemory, OpsInSteadyStateAllocateNothing) {
  const Tensor x = randn({6, 8}).set_requires_grad(), y = randn({8, 6}).set_requires_grad(), w = randn({6, 8}).set_requires_grad();
  const Tensor labels = randint(0, 8, {6});
  const std::pair<const char*, std::function<Tensor()>> steps[] = {
      {"elementwise", [&] { return sum(exp(x) * w + sigmoid(x) / (2.0 + square(w))); }},
      {"broadcast", [&] { return sum(x + mean(w, {0})); }},
      {"matmul", [&] { return sum(matmul(x, y)); }},
      {"linear with activation", [&] { return sum(linear(x, w, {}, Activation::Relu)); }},
      {"softmax", [&] { return sum(softmax(x, 1) * w); }},
      {"cross_entropy", [&] { return cross_entropy(x, labels); }},
      {"nll_loss", [&] { return nll_loss(log_softmax(x, 1), labels); }},
      {"reductions", [&] { return sum(amax(x, {1})) + var(w) + norm(x) + sum(logsumexp(w, {0})); }},
      {"shapes",
       [&] {
         return sum(reshape(transpose(x, 0, 1), {4, 12}) * 2.0) + sum(slice(w, 1, 0, 8, 2)) + sum(expand(unsqueeze(x, 0), {3, 6, 8}));
       }},
  };
  for (const auto& [name, step] : steps) {
    SCOPED_TRACE(name);
    expect_steady(50, [&] {
      step().backward();
      for (const Tensor* t : {&x, &y, &w}) Tensor(*t).set_grad({});
    });
  }
}

TEST(TensorMemory, SecondDerivativesLeaveNothingBehind) {
  const Tensor x = leaf({0.1, 0.2, 0.3}, {3});
  const auto step = [&] {
    const Tensor y = sum(exp(sin(x)));
    const auto first = gradients({&y, 1}, {&x, 1}, {}, {.retain_graph = true, .create_graph = true}, false);
    sum(square(first[0])).backward();
    Tensor(x).set_grad({});
  };
  for (int k = 0; k < 20; ++k) step();
  const PoolCounters before = pool_counters();
  for (int k = 0; k < kSteps / 20; ++k) step();
  EXPECT_EQ(pool_counters().live_bytes, before.live_bytes);
  EXPECT_EQ(pool_counters().system_calls, before.system_calls);
}

TEST(TensorMemory, FailuresLeaveNothingBehind) {
  const Tensor x = leaf({1, 2, 3}, {3});
  const auto step = [&] {
    EXPECT_THROW(x + zeros({2}), ShapeError);
    Tensor h = exp(x);
    h.register_hook([](const Tensor&) -> Tensor { throw ValueError("hook"); });
    EXPECT_THROW(sum(h * h).backward(), ValueError);
    EXPECT_THROW((h * h).backward(), GraphError);
  };
  for (int k = 0; k < 20; ++k) step();
  const std::uint64_t before = pool_counters().live_bytes;
  for (int k = 0; k < 200; ++k) step();
  EXPECT_EQ(pool_counters().live_bytes, before);
}

TEST(TensorMemory, EverythingIsGivenBack) {
  const std::uint64_t before = pool_counters().live_bytes;
  {
    const Tensor x = randn({100, 100}).set_requires_grad();
    const Tensor y = sum(square(matmul(x, transpose(x, 0, 1))));
    EXPECT_GT(pool_counters().live_bytes, before + 100 * 100 * 4);
    y.backward();
  }
  EXPECT_EQ(pool_counters().live_bytes, before);
}

// --- how long numbers live -----------------------------------------------------------------------------------------
constexpr std::int64_t kNumbersInBlock = (1 << 17) - 8;  // with its header a block of the pool: 1 MiB
constexpr std::uint64_t kBlock = std::uint64_t{1} << 20;

std::uint64_t live() { return pool_counters().live_bytes; }
bool about(std::uint64_t bytes, double blocks) {  // small change: cells and headers
  const double found = static_cast<double>(bytes) / static_cast<double>(kBlock);
  return found > blocks - 0.05 && found < blocks + 0.05;
}

TEST(TensorMemory, OnlyWhatARuleReadsIsKept) {
  const Tensor x = full({kNumbersInBlock}, 0.5, DType::Float64).set_requires_grad();
  const auto kept = [&](auto f) {
    const std::uint64_t before = live();
    const Tensor y = f(x);
    return live() - before;
  };
  EXPECT_TRUE(about(kept([](const Tensor& t) { return t + 1.0 + 1.0 + 1.0; }), 1)) << "add reads nothing: only the result";
  EXPECT_TRUE(about(kept([](const Tensor& t) { return exp(t) + 1.0; }), 2)) << "exp reads its output";
  EXPECT_TRUE(about(kept([](const Tensor& t) { return sin(t) + 1.0; }), 1)) << "sin reads its input, which lives anyway";
  EXPECT_TRUE(about(kept([](const Tensor& t) { return sin(sin(t) + 1.0); }), 2));
  EXPECT_TRUE(about(kept([](const Tensor& t) {
                      const Tensor c = full({kNumbersInBlock}, 2, DType::Float64);
                      return t * c;
                    }),
                    2))
      << "mul reads the other factor";
  EXPECT_TRUE(about(kept([](const Tensor& t) {
                      const Tensor c = full({kNumbersInBlock}, 2, DType::Float64);
                      return t + c;
                    }),
                    1));
}

TEST(TensorMemory, SavedValuesGoAsTheSweepPasses) {
  const Tensor x = full({kNumbersInBlock}, 0.5, DType::Float64).set_requires_grad();
  const std::uint64_t before = live();
  Tensor y = x;
  for (int k = 0; k < 30; ++k) y = tanh(y);
  y = sum(y);
  const std::uint64_t full_graph = live();
  EXPECT_TRUE(about(full_graph - before, 30));
  pool_reset_peak();
  y.backward();
  EXPECT_TRUE(about(live() - before, 1)) << "x.grad and nothing else";
  EXPECT_LE(pool_counters().peak_bytes - full_graph, 4 * kBlock) << "gradients take the place of what was saved";
}

TEST(TensorMemory, RetainedGraphsKeepTheirValues) {
  const Tensor x = full({kNumbersInBlock}, 0.5, DType::Float64).set_requires_grad();
  const std::uint64_t before = live();
  Tensor y = x;
  for (int k = 0; k < 10; ++k) y = tanh(y);
  y = sum(y);
  y.backward({.retain_graph = true});
  EXPECT_TRUE(about(live() - before, 11));
  y = Tensor();
  EXPECT_TRUE(about(live() - before, 1));
}

TEST(TensorMemory, ViewsKeepTheStorageAlive) {
  const std::uint64_t before = live();
  Tensor part;
  {
    const Tensor whole = full({kNumbersInBlock}, 7, DType::Float64);
    part = slice(whole, 0, 10, 13, 1);
  }
  EXPECT_TRUE(about(live() - before, 1));
  EXPECT_EQ(numbers(part), (std::vector<double>{7, 7, 7}));
  part = Tensor();
  EXPECT_EQ(live(), before);
}

TEST(TensorMemory, ViewsAndDetachShareNumbersAndVersion) {
  Tensor x = zeros({2, 3});
  const Tensor row = select(x, 0, 1), flat = view(x, {6}), turned = transpose(x, 0, 1), loose = x.detach();
  Tensor(row).fill_(5);
  EXPECT_EQ(numbers(x), (std::vector<double>{0, 0, 0, 5, 5, 5}));
  for (const Tensor& t : {x, row, flat, turned, loose}) EXPECT_EQ(t.version(), 1u);
  EXPECT_EQ(numbers(turned), (std::vector<double>{0, 5, 0, 5, 0, 5}));
  EXPECT_EQ(clone(x).version(), 0u);
  EXPECT_TRUE(loose.is_leaf());
}

TEST(TensorMemory, SharedMemoryIsReleasedOnce) {
  static int released;
  released = 0;
  double numbers_outside[] = {1, 2, 3, 4};
  {
    Storage* storage = share_memory(numbers_outside, sizeof numbers_outside, [](void*) { ++released; }, nullptr);
    Tensor x(new_cell(DType::Float64, {4}, {1}, storage, 0));
    const Tensor part = slice(x, 0, 1, 3, 1);
    x.mul_(10.0);
    EXPECT_EQ(numbers_outside[3], 40) << "no copy";
    x = Tensor();
    EXPECT_EQ(released, 0) << "a view still needs it";
    EXPECT_EQ(numbers(part), (std::vector<double>{20, 30}));
  }
  EXPECT_EQ(released, 1);
}

TEST(TensorMemory, TrimGivesLargeBlocksBack) {
  const auto use = [] { const Tensor x = zeros({1 << 18}, DType::Float64); };  // 2 MiB: smaller ones are cut from slabs
  use();
  const std::uint64_t calls = pool_counters().system_calls;
  use();
  EXPECT_EQ(pool_counters().system_calls, calls);
  pool_trim();
  use();
#if !defined(__SANITIZE_ADDRESS__)  // there is no pool then
  EXPECT_GT(pool_counters().system_calls, calls);
#endif
}

}  // namespace
}  // namespace trigrad::testing
