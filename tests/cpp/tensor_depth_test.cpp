// Ten million nodes in a row: forward, backward and free without recursion, on stacks of any size; and the recursive
// order, which does recurse, stops with an error instead of a crash.
//
// That time is linear is shown by counting, not by the clock: each rule is called once per node.

#include "tensor_testing.hpp"

#include <trigrad/tensor/structural.hpp>

#include <array>
#include <cstdlib>
#include <span>

namespace trigrad::testing {
namespace {

constexpr std::int64_t kDeep = sized<std::int64_t>(10'000'000, 200'000);
constexpr std::int64_t kTooDeep = sized<std::int64_t>(1'000'000, 200'000);  // for the recursive order on 8 MiB
constexpr std::size_t kSmallStack = 256 * 1024, kUsualStack = std::size_t{8} << 20;

thread_local std::int64_t rule_calls = 0;

struct Step {  // z = x + 1, and counts what the sweep does
  static constexpr OpInfo info{.name = "step"};
  using Attrs = NoAttrs;
  static Tensor forward(const Tensor& x, const Attrs&) {
    const Tensor z = empty({}, DType::Float64);
    *z.data<double>() = *x.data<double>() + 1;
    return z;
  }
  static Tensor gx(const Tensor& g, const Tensor&, const Tensor&, const Attrs&) {
    ++rule_calls;
    return g;
  }
};

Tensor chain(const Tensor& x, std::int64_t n) {
  Tensor y = x;
  for (std::int64_t k = 0; k < n; ++k) y = apply_op<Step>({}, y);
  return y;
}

void sweep_a_chain(std::span<const Order> orders, std::int64_t n) {
  const Tensor x = leaf(0);
  const Tensor y = chain(x, n);
  EXPECT_EQ(y.item(), static_cast<double>(n));
  for (std::size_t k = 0; k < orders.size(); ++k) {
    rule_calls = 0;
    y.backward({.retain_graph = k + 1 < orders.size(), .order = orders[k]});
    EXPECT_EQ(rule_calls, n) << "each node exactly once";
    EXPECT_EQ(x.grad().item(), static_cast<double>(k + 1));
  }
}

TEST(TensorDepth, TenMillionNodesOnASmallStack) {
  in_thread(kSmallStack, [] { sweep_a_chain(std::array{Order::Tape, Order::Stack}, kDeep); });
}
TEST(TensorDepth, AMillionNodesOnTheUsualStack) {
  for (const Order last : {Order::Stack, Order::Tape}) in_thread(kUsualStack, [&] { sweep_a_chain({&last, 1}, kDeep / 10); });
}

TEST(TensorDepth, AGraphThatIsNeverSweptIsFreedWithoutRecursion) {
  in_thread(kSmallStack, [] { chain(leaf(0), kDeep / 10); });
}

TEST(TensorDepth, AGraphThatSavesItsValuesIsFreedWithoutRecursion) {
  in_thread(kSmallStack, [] {
    Tensor y = leaf(0.5);
    for (std::int64_t k = 0; k < kDeep / 10; ++k) y = sin(y);
    Tensor z = leaf(0.5);
    for (std::int64_t k = 0; k < kDeep / 10; ++k) z = tanh(z);  // saves its own output
  });
}

// y = y + y: a path count of 2^n, n nodes.
TEST(TensorDepth, DoublingsAreLinear) {
  for (const Order order : kOrders) {
    const Tensor x = leaf(1);
    Tensor y = x;
    for (int k = 0; k < 1000; ++k) {
      y = apply_op<Step>({}, y);
      y = (y + y) * 0.5;
    }
    rule_calls = 0;
    y.backward({.order = order});
    EXPECT_EQ(rule_calls, 1000);
    EXPECT_EQ(x.grad().item(), 1);
  }
}

TEST(TensorDepth, LongChainsOfGradientsToo) {
  in_thread(kSmallStack, [] {
    const Tensor x = leaf(0.5);
    Tensor y = x;
    for (std::int64_t k = 0; k < kDeep / 100; ++k) y = sin(y);
    const auto first = gradients({&y, 1}, {&x, 1}, {}, {.retain_graph = true, .create_graph = true}, false);
    EXPECT_TRUE(first[0].requires_grad());
    first[0].backward({.order = Order::Stack});
    EXPECT_TRUE(x.grad().defined());
  });
}

// Runs the recursive order where it cannot succeed; returns the depth that the error names.
std::int64_t refused_depth(std::int64_t n) {
  const Tensor x = leaf(0);
  const Tensor y = chain(x, n);
  std::int64_t depth = 0;
  try {
    y.backward({.order = Order::Recursive});
    ADD_FAILURE() << "a chain of " << n << " nodes fitted on the stack";
  } catch (const DepthError& error) {
    const std::string text = error.what(), before = "backward: the recursive order reached depth ";
    depth = std::atoll(text.c_str() + before.size());
    EXPECT_EQ(text, before + std::to_string(depth) + ", as deep as this thread's stack allows; use order='stack' or order='tape'");
  }
  EXPECT_FALSE(x.grad().defined());
  y.backward({.order = Order::Stack});  // the advice works, on the same graph
  EXPECT_EQ(x.grad().item(), 1);
  sweep_a_chain(std::array{Order::Recursive}, 20);  // and so does the recursive order, where the stack suffices
  return depth;
}

TEST(TensorDepth, TheRecursiveOrderStopsOnTheMainThread) {
  const std::int64_t depth = refused_depth(kTooDeep);
  EXPECT_GT(depth, 1000);
  EXPECT_LT(depth, kTooDeep);
}

TEST(TensorDepth, TheRecursiveOrderKnowsEachThreadsStack) {
  std::int64_t last = 0;
  for (const std::size_t kib : {128u, 256u, 512u, 1024u, 4096u}) {
    std::int64_t depth = 0;
    in_thread(kib * 1024, [&] { depth = refused_depth(sized<std::int64_t>(200'000, 60'000)); });
    EXPECT_GT(depth, last) << "a larger stack reaches deeper";
    last = depth;
  }
}

TEST(TensorDepth, TheRecursiveOrderStopsInTheMiddleOfADeepStack) {
  // Half of the stack is in use already when backward is called.
  in_thread(std::size_t{1} << 20, [] {
    const auto use_stack = [](auto&& self, int frames) -> std::int64_t {
      volatile char room[4096];
      room[0] = static_cast<char>(frames);
      const std::int64_t depth = frames > 0 ? self(self, frames - 1) : refused_depth(sized<std::int64_t>(100'000, 30'000));
      return depth + room[0] * 0;
    };
    const std::int64_t shallow = use_stack(use_stack, 0), deep = use_stack(use_stack, 120);
    EXPECT_GT(shallow, deep);
    EXPECT_GT(deep, 0);
  });
}

TEST(TensorDepth, ATinyStackIsRefusedAtOnce) {
  if (kSanitized) GTEST_SKIP() << "sanitizers need more stack themselves";
  in_thread(64 * 1024, [] {
    const Tensor x = leaf(0);
    const Tensor y = chain(x, 10);
    EXPECT_THROW(y.backward({.order = Order::Recursive}), DepthError);
    y.backward({.order = Order::Tape});
    EXPECT_EQ(x.grad().item(), 1);
  });
}

}  // namespace
}  // namespace trigrad::testing
