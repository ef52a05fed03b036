// The graph and its three orders: the right gradients on every shape of graph, each node visited once.
// Read next: tensor_graph_accidents_test.cpp.

#include "tensor_testing.hpp"

#include <trigrad/tensor/structural.hpp>

#include <cmath>
#include <random>

namespace trigrad::testing {
namespace {

// A random program over three leaves. Every seed gives the same program, so each order gets a graph of its own.
struct RandomProgram {
  std::vector<Tensor> leaves;
  Tensor loss;

  explicit RandomProgram(unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> number(-1, 1);
    for (const Dims& shape : {Dims{2, 3}, Dims{3}, Dims{}}) {
      std::vector<double> values(static_cast<std::size_t>(shape.product()));
      for (double& value : values) value = number(random);
      leaves.push_back(tensor(values, shape, DType::Float64).set_requires_grad());
    }
    std::vector<Tensor> made = leaves;
    const auto pick = [&] { return made[random() % made.size()]; };
    const int steps = 5 + static_cast<int>(random() % 40);
    for (int k = 0; k < steps; ++k) {
      const Tensor a = pick(), b = pick();
      switch (random() % 9) {
        case 0:
          made.push_back(a + b);
          break;
        case 1:
          made.push_back(a - b);
          break;
        case 2:
          made.push_back(tanh(a) * b);
          break;
        case 3:
          made.push_back(sin(a));
          break;
        case 4:
          made.push_back(a + a);
          break;
        case 5:
          made.push_back(relu(a) - sigmoid(b));
          break;
        case 6:
          made.push_back(mean(a) * 0.5);
          break;
        case 7:
          made.push_back(maximum(a, b));
          break;
        default:
          made.push_back(exp(tanh(a * b)));
          break;
      }
    }
    loss = leaves[2] * 0.0;
    for (const Tensor& x : made) loss = loss + mean(x);  // every node is reached, most by several ways
  }
  std::vector<Tensor> grads() const { return {leaves[0].grad(), leaves[1].grad(), leaves[2].grad()}; }
};

TEST(TensorGraph, OrdersAgreeOnRandomGraphs) {
  for (unsigned seed = 0; seed < sized(300u, 60u); ++seed) {
    std::vector<std::vector<Tensor>> found;
    for (const Order order : kOrders) {
      const RandomProgram program(seed);
      program.loss.backward({.order = order});
      found.push_back(program.grads());
    }
    for (std::size_t k = 0; k < 3; ++k) {
      ASSERT_TRUE(same_bits(found[1][k], found[2][k])) << "stack and recursive differ, seed " << seed;
      expect_near(numbers(found[0][k]), numbers(found[1][k]), 1e-12);
      if (HasFailure()) FAIL() << "seed " << seed;
    }
  }
}

TEST(TensorGraph, GradientsAreSlopes) {
  const auto f = [](const Tensor& x) {
    const Tensor h = tanh(x), d = h * sin(x);
    return sum(d * exp(h) + square(d - h) / (1.0 + square(x)));
  };
  for (const Order order : kOrders) {
    const Tensor x = leaf({0.3, -1.2, 0.7, 2.1}, {4});
    f(x).backward({.order = order});
    expect_near(numbers(x.grad()), differences(f, x), 1e-8);
  }
}

TEST(TensorGraph, SmallShapesOfGraphs) {
  const std::pair<std::function<Tensor(const Tensor&)>, double> graphs[] = {
      {[](const Tensor& h) { return h + h; }, 2},
      {[](const Tensor& h) { return h * h; }, 6},
      {[](const Tensor& h) { return h + relu(h); }, 2},
      {[](const Tensor& h) {
         const Tensor b = h + h;
         return b + b;
       },
       4},
      {[](const Tensor& h) {
         const Tensor a = h * 2.0, b = h * 5.0;
         return a * b;
       },
       60},  // diamond
      {[](const Tensor& h) {
         const Tensor a = h * 2.0;
         return a * relu(a) * a;
       },
       3 * 4 * 9 * 2},
      {[](const Tensor& h) {
         const Tensor list[] = {h, h, h, h, h};
         return sum(cat(list));
       },
       5},
      {[](const Tensor& h) { return where(h > 0.0, h, h * 7.0); }, 1},
      {[](const Tensor& h) { return h - h; }, 0},
  };
  for (const Order order : kOrders)
    for (std::size_t k = 0; k < std::size(graphs); ++k) {
      SCOPED_TRACE(std::string(name_of(order)) + ", graph " + std::to_string(k));
      const Tensor x = leaf({3}, {1});
      sum(graphs[k].first(x * 1.0)).backward({.order = order});  // through an interior node, then at a leaf itself
      EXPECT_EQ(x.grad().item(), graphs[k].second);
      const Tensor y = leaf({3}, {1});
      sum(graphs[k].first(y)).backward({.order = order});
      EXPECT_EQ(y.grad().item(), graphs[k].second);
    }
}

TEST(TensorGraph, FortyDoublingsAreVisitedOnceEach) {
  for (const Order order : kOrders) {
    const Tensor x = leaf(1);
    int visits = 0;
    Tensor y = x;
    for (int k = 0; k < 40; ++k) {
      y = y + y;
      y.register_hook([&](const Tensor&) {
        ++visits;
        return Tensor();
      });
    }
    y.backward({.order = order});
    EXPECT_EQ(visits, 40) << "2^40 paths, 40 nodes";
    EXPECT_EQ(x.grad().item(), std::exp2(40));
  }
}

TEST(TensorGraph, HooksSeeEachNodeOnceWithTheCompleteGradient) {
  for (const Order order : kOrders) {
    const Tensor x = leaf(2);
    Tensor h = x * 3.0;
    int visits = 0;
    h.register_hook([&](const Tensor& g) {
      ++visits;
      EXPECT_EQ(g.item(), 1 + 1 + 2 * 6);
      return Tensor();
    });
    (h + h + h * h).backward({.order = order});
    EXPECT_EQ(visits, 1);
    EXPECT_EQ(x.grad().item(), 3 * 14);
  }
}

TEST(TensorGraph, AHookMayNotChangeTheDtype) {
  Tensor x = ones({2}).set_requires_grad();
  Tensor h = x * 3.0;
  const std::uint64_t number = h.register_hook([](const Tensor& g) { return to_dtype(g, DType::Float64); });
  EXPECT_THROW(sum(h).backward({.retain_graph = true}), DTypeError);
  EXPECT_FALSE(x.grad().defined());
  h.remove_hook(number);
  h.register_hook([](const Tensor& g) { return g * 2.0; });
  sum(h).backward();
  EXPECT_EQ(x.grad().dtype(), DType::Float32);
}

TEST(TensorGraph, HooksMayReplaceAndBeRemoved) {
  const auto run = [](bool remove) {
    Tensor x = leaf(2);
    Tensor h = x * 3.0;
    const std::uint64_t number = h.register_hook([](const Tensor& g) { return g * 10.0; });
    x.register_hook([](const Tensor& g) { return g + 1.0; });
    if (remove) h.remove_hook(number);
    (h * 1.0).backward();
    return x.grad().item();
  };
  EXPECT_EQ(run(false), 31);
  EXPECT_EQ(run(true), 4);
  Tensor x = leaf(2);
  std::uint64_t number = 0;
  int calls = 0;
  number = x.register_hook([&](const Tensor&) {
    ++calls;
    x.remove_hook(number);  // a hook that removes itself
    return Tensor();
  });
  (x * 1.0).backward();
  (x * 1.0).backward();
  EXPECT_EQ(calls, 1);
}

TEST(TensorGraph, SharedWeightsAccumulate) {
  for (const Order order : kOrders) {
    const Tensor w = leaf({0.1, -0.2, 0.3, 0.4}, {2, 2});
    const auto f = [](const Tensor& weight) {
      Tensor h = tensor({1, -1}, {1, 2}, DType::Float64);
      for (int k = 0; k < 5; ++k) h = tanh(matmul(h, weight));  // one weight, five layers
      return sum(h);
    };
    f(w).backward({.order = order});
    expect_near(numbers(w.grad()), differences(f, w), 1e-8);
  }
}

TEST(TensorGraph, LeavesAccumulateUntilZeroed) {
  Tensor x = leaf(2);
  (x * 3.0).backward();
  const Tensor grad = x.grad();
  (x * 4.0).backward();
  EXPECT_EQ(x.grad().item(), 7);
  EXPECT_TRUE(x.grad().is_same(grad)) << "added in place: the same tensor as before";
  x.grad().zero_();
  (x * 5.0).backward();
  EXPECT_EQ(x.grad().item(), 5);
  x.set_grad(Tensor());
  EXPECT_FALSE(x.grad().defined());
}

TEST(TensorGraph, ALeafsGradientIsNobodyElses) {
  const Tensor x = leaf({1, 2}, {2}), y = leaf({1, 2}, {2});
  const Tensor seed = tensor({1, 1}, {2}, DType::Float64);
  (x + y).backward(seed, {});  // the rule of add passes g on as it is
  x.grad().fill_(7);
  EXPECT_EQ(numbers(y.grad()), (std::vector<double>{1, 1}));
  EXPECT_EQ(numbers(seed), (std::vector<double>{1, 1}));
}

TEST(TensorGraph, InteriorGradientsAreKeptOnRequest) {
  for (const Order order : kOrders) {
    const Tensor x = leaf(2);
    Tensor h = x * 3.0, k = x * 5.0;
    h.retain_grad();
    (h * k).backward({.order = order});
    EXPECT_EQ(h.grad().item(), 10);
    EXPECT_FALSE(k.grad().defined());
  }
}

TEST(TensorGraph, RetainedGraphsRunAgain) {
  for (const Order order : kOrders) {
    const Tensor x = leaf(2);
    const Tensor y = exp(x * x);
    const BackwardOptions keep{.retain_graph = true, .order = order};
    y.backward(keep);
    const double once = x.grad().item();
    y.backward(keep);
    EXPECT_EQ(x.grad().item(), 2 * once);
    y.backward({.order = order});
    EXPECT_EQ(x.grad().item(), 3 * once);
    EXPECT_THROW(y.backward({.order = order}), GraphError);
    EXPECT_EQ(x.grad().item(), 3 * once) << "a refused backward changes nothing";
  }
}

TEST(TensorGraph, ASharedPartFreedByAnotherRootIsRefused) {
  const Tensor x = leaf(2);
  const Tensor h = exp(x);
  const Tensor a = h * 2.0, b = h * 3.0;
  a.backward();
  EXPECT_THROW(b.backward(), GraphError);
  EXPECT_EQ(h.item(), std::exp(2.0)) << "its value is still there";
}

TEST(TensorGraph, SecondDerivatives) {
  for (const Order order : kOrders) {
    const Tensor x = leaf(0.7);
    const BackwardOptions options{.retain_graph = true, .create_graph = true, .order = order};
    Tensor y = sin(x) * exp(x);  // its derivatives by turns: e^x (sin + cos), 2 e^x cos, 2 e^x (cos - sin)
    const auto derive = [&] { return gradients({&y, 1}, {&x, 1}, {}, options, false)[0]; };
    const double e = std::exp(0.7), s = std::sin(0.7), c = std::cos(0.7);
    for (const double expected : {e * (s + c), 2 * e * c, 2 * e * (c - s), -4 * e * s}) {
      y = derive();
      EXPECT_NEAR(y.item(), expected, 1e-12);
    }
  }
}

TEST(TensorGraph, SecondDerivativesThroughBackward) {
  const Tensor x = leaf({1, 2, 3}, {3});
  sum(x * x * x).backward({.retain_graph = true, .create_graph = true});
  const Tensor first = x.grad();
  EXPECT_TRUE(first.requires_grad());
  const Tensor total = sum(first * first);  // Σ 9 x⁴
  const auto second = gradients({&total, 1}, {&x, 1}, {}, {}, false);
  expect_near(numbers(second[0]), {36, 36 * 8, 36 * 27}, 1e-12);
}

TEST(TensorGraph, GradientsTouchNoGrad) {
  for (const Order order : kOrders) {
    const Tensor x = leaf(2), y = leaf(3), unused = leaf(4);
    const Tensor h = x * y;
    const Tensor outputs[] = {h * 2.0, exp(x)};
    const Tensor inputs[] = {x, h, unused, y, x};
    const BackwardOptions options{.retain_graph = true, .order = order};
    const auto found = gradients(outputs, inputs, {}, options, true);
    EXPECT_DOUBLE_EQ(found[0].item(), 6 + std::exp(2.0));
    EXPECT_EQ(found[1].item(), 2) << "an interior tensor is an input like any other";
    EXPECT_FALSE(found[2].defined());
    EXPECT_EQ(found[3].item(), 4);
    EXPECT_EQ(found[4].item(), found[0].item());
    EXPECT_THROW(gradients(outputs, inputs, {}, options, false), GraphError);
    const Tensor seeds[] = {tensor({10}, {}, DType::Float64), tensor({0}, {}, DType::Float64)};
    EXPECT_EQ(gradients(outputs, inputs, seeds, options, true)[3].item(), 40);
    for (const Tensor& leaf : {x, y, unused}) EXPECT_FALSE(leaf.grad().defined());
    const Tensor itself = gradients({outputs, 1}, {outputs, 1}, {}, options, false)[0];
    EXPECT_EQ(itself.item(), 1) << "an output is its own input";
  }
}

TEST(TensorGraph, GradientsWorkOnlyWhereTheyAreWanted) {
  const Tensor x = leaf(2), y = leaf(3);
  const Tensor a = x * 2.0;
  Tensor b = y * 5.0;
  int visits = 0;
  b.register_hook([&](const Tensor&) {
    ++visits;
    return Tensor();
  });
  const Tensor z = a * b;
  gradients({&z, 1}, {&x, 1}, {}, {}, false);
  EXPECT_EQ(visits, 0) << "the way to y was not asked for";
}

TEST(TensorGraph, BroadcastGradientsAreSummedBack) {
  const Tensor x = leaf({1, 2, 3}, {3}), y = leaf({1, 2}, {2, 1}), c = leaf(2);
  sum(x * y + c).backward();
  EXPECT_EQ(numbers(x.grad()), (std::vector<double>{3, 3, 3}));
  EXPECT_EQ(numbers(y.grad()), (std::vector<double>{6, 6}));
  EXPECT_EQ(c.grad().item(), 6);
  EXPECT_TRUE(y.grad().shape() == (Dims{2, 1}));
}

TEST(TensorGraph, GradientsComeInTheTypeOfTheirTensor) {
  const Tensor x = tensor({1, 2}, {2}, DType::Float32).set_requires_grad();
  const Tensor y = leaf({3, 4}, {2});
  const Tensor z = x * y;
  EXPECT_EQ(z.dtype(), DType::Float64);
  sum(z).backward();
  EXPECT_EQ(x.grad().dtype(), DType::Float32);
  EXPECT_EQ(numbers(x.grad()), (std::vector<double>{3, 4}));
}

TEST(TensorGraph, NothingIsRecordedWithoutNeed) {
  const Tensor x = leaf(2);
  {
    const NoGrad guard;
    EXPECT_FALSE((x * 2.0).requires_grad());
    {
      const GradMode again(true);
      EXPECT_TRUE((x * 2.0).requires_grad());
    }
    EXPECT_FALSE(grad_enabled());
  }
  EXPECT_TRUE(grad_enabled());
  EXPECT_TRUE((x * 2.0).detach().is_leaf());
  EXPECT_FALSE((x > 1.0).requires_grad());
}

}  // namespace
}  // namespace trigrad::testing
