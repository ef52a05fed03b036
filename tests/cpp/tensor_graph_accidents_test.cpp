// Sweeps within sweeps, and a graph that stays usable whatever a hook or a rule does.

#include "tensor_testing.hpp"

#include <trigrad/tensor/structural.hpp>

namespace trigrad::testing {
namespace {

// Hooks run unrecorded, as in PyTorch: one that builds a graph says so.
TEST(TensorGraph, AHookMayRunABackwardOfItsOwn) {
  for (const Order order : kOrders) {
    const Tensor w = leaf(2), x = leaf(3);
    Tensor h = w * x;
    h.register_hook([&](const Tensor& g) {
      EXPECT_FALSE(grad_enabled());
      const GradMode record(true);
      (w * w * 5.0).backward({.order = order});  // shares the leaf w, of which the outer sweep has gathered a part
      return g;
    });
    Tensor z = w * 100.0 + h;
    z.backward({.order = order});
    EXPECT_EQ(w.grad().item(), 100 + 3 + 20) << name_of(order);
    EXPECT_EQ(x.grad().item(), 2) << name_of(order);
  }
}

TEST(TensorGraph, AHookMayAskForGradientsOfItsOwn) {
  for (const Order order : kOrders) {
    const Tensor w = leaf(2), x = leaf(3);
    Tensor h = w * x;
    double inner = 0;
    h.register_hook([&](const Tensor&) {
      const GradMode record(true);
      const Tensor y = w * w * w + x;
      inner = gradients({&y, 1}, {&w, 1}, {}, {.order = order}, false)[0].item();
      return Tensor();
    });
    const Tensor z = h + w;
    const auto outer = gradients({&z, 1}, {&w, 1}, {}, {.order = order}, false);
    EXPECT_EQ(inner, 12);
    EXPECT_EQ(outer[0].item(), 4);
  }
}

// The outer sweep has let go of saved values already, so the inner one would compute nonsense: it is refused.
TEST(TensorGraph, AHookMustNotSweepTheGraphThatIsBeingSwept) {
  for (const Order order : kOrders)
    for (const bool retain : {true, false}) {
      SCOPED_TRACE(std::string(name_of(order)) + (retain ? ", retained" : ""));
      const Tensor x = leaf(2);
      Tensor h = x * 3.0;
      Tensor z;
      bool first = true;
      h.register_hook([&](const Tensor& g) {
        if (std::exchange(first, false)) z.backward({.retain_graph = retain, .order = order});
        return g;
      });
      z = exp(h * h);
      EXPECT_THROW(z.backward({.retain_graph = retain, .order = order}), GraphError);
      EXPECT_FALSE(x.grad().defined());
    }
}

TEST(TensorGraph, AHookMayDropTheLastHandle) {
  for (const Order order : kOrders) {
    const Tensor x = leaf(2);
    Tensor z;
    {
      Tensor h = x * 3.0;
      h.register_hook([&](const Tensor&) {
        z = Tensor();  // the root itself: the sweep must keep what it walks over
        return Tensor();
      });
      z = h * 2.0;
    }
    z.backward({.order = order});
    EXPECT_EQ(x.grad().item(), 6) << name_of(order);
  }
}

struct Moody {  // a user's op whose rule fails when it is told to
  static constexpr OpInfo info{.name = "moody"};
  using Attrs = NoAttrs;
  static inline bool fails = false;
  static Tensor forward(const Tensor& x, const Attrs&) { return clone(x); }
  static Tensor gx(const Tensor& g, const Tensor&, const Tensor&, const Attrs&) {
    if (fails) throw ValueError("moody");
    return g;
  }
};

// A sweep that fails changes nobody's gradient, and nothing stays behind in the graph.
TEST(TensorGraph, AFailingRuleLeavesTheGraphUsable) {
  for (const Order order : kOrders) {
    SCOPED_TRACE(name_of(order));
    const Tensor x = leaf({1, 2}, {2}), y = leaf({3, 4}, {2});
    const Tensor h = x * y;
    const Tensor z = sum(h * h + apply_op<Moody>({}, x * 2.0) + y);
    const BackwardOptions keep{.retain_graph = true, .order = order};
    Moody::fails = true;
    EXPECT_THROW(z.backward(keep), ValueError);
    Moody::fails = false;
    for (const Tensor* node : {&x, &y, &h, &z}) EXPECT_EQ(node->cell()->slot, nullptr) << "a half-gathered gradient stayed behind";
    EXPECT_FALSE(x.grad().defined());
    EXPECT_FALSE(y.grad().defined());
    EXPECT_TRUE(grad_enabled());

    z.backward({.order = order});
    EXPECT_EQ(numbers(x.grad()), (std::vector<double>{20, 66}));
    EXPECT_EQ(numbers(y.grad()), (std::vector<double>{7, 33}));
  }
}

TEST(TensorGraph, AFailingHookLeavesTheGraphUsable) {
  for (const Order order : kOrders) {
    SCOPED_TRACE(name_of(order));
    const Tensor x = leaf(2);
    Tensor h = exp(x);
    const std::uint64_t number = h.register_hook([](const Tensor&) -> Tensor { throw ValueError("hook"); });
    const Tensor z = h * h;
    EXPECT_THROW(z.backward({.retain_graph = true, .order = order}), ValueError);
    EXPECT_FALSE(x.grad().defined());
    h.remove_hook(number);
    z.backward({.order = order});
    EXPECT_DOUBLE_EQ(x.grad().item(), 2 * std::exp(4.0));
  }
}

TEST(TensorGraph, AFailureWithoutRetainGraphFreesWhatWasVisited) {
  const Tensor x = leaf(2);
  Tensor h = exp(x);
  h.register_hook([](const Tensor&) -> Tensor { throw ValueError("hook"); });
  const Tensor z = h * h;
  EXPECT_THROW(z.backward(), ValueError);
  EXPECT_THROW(z.backward(), GraphError) << "as after any backward: already freed";
  EXPECT_FALSE(x.grad().defined());
  EXPECT_DOUBLE_EQ(z.item(), std::exp(4.0));
}

TEST(TensorGraph, AFailingHookInANestedSweepStopsBoth) {
  const Tensor w = leaf(2);
  Tensor h = w * 3.0;
  h.register_hook([&](const Tensor&) -> Tensor {
    const GradMode record(true);
    Tensor inner = w * w;
    inner.register_hook([](const Tensor&) -> Tensor { throw ValueError("inner"); });
    (inner * 2.0).backward();
    return {};
  });
  EXPECT_THROW((h + w).backward(), ValueError);
  EXPECT_FALSE(w.grad().defined());
  EXPECT_EQ(w.cell()->slot, nullptr);
  (w * 5.0).backward();
  EXPECT_EQ(w.grad().item(), 5);
}

}  // namespace
}  // namespace trigrad::testing
