// A user's own ops, as the documentation shows them: a struct in the user's namespace, no registration, nothing else.

#include "tensor_testing.hpp"

#include <trigrad/tensor/kernels.hpp>
#include <trigrad/tensor/structural.hpp>

// Nothing of this is in trigrad's namespace.
namespace users_own {

// One text for floats, doubles and recorded tensors; `using namespace` brings the vocabulary for plain numbers.
using namespace trigrad;

struct Mish : Unary<Mish> {
  static constexpr OpInfo info{.name = "mish", .formula = "x tanh(ln(1 + e^x))", .saves = {Saved::X}};
  static auto forward(auto x) { return x * tanh(log1p(exp(x))); }
  static auto gx(auto g, auto x, auto /*z*/) {
    const auto t = tanh(log1p(exp(x)));
    return g * (t + x * ((like(x, 1) - t * t) * sigmoid(x)));
  }
};

struct Blend : Binary<Blend> {
  struct Attrs {
    double weight = 0.5, power = 2;
  };
  static constexpr OpInfo info{.name = "blend", .saves = {Saved::X, Saved::Y}, .attrs = {"weight", "power"}};
  static auto forward(auto x, auto y, const Attrs& at) {
    return like(x, at.weight) * pow(x, like(x, at.power)) + like(y, 1 - at.weight) * exp(y);
  }
  static auto gx(auto g, auto x, auto /*y*/, auto /*z*/, const Attrs& at) {
    return g * (like(x, at.weight * at.power) * pow(x, like(x, at.power - 1)));
  }
  static auto gy(auto g, auto /*x*/, auto y, auto /*z*/, const Attrs& at) { return g * (like(y, 1 - at.weight) * exp(y)); }
};

// Structural: whole tensors in, a whole tensor out; the rules are made of ops, so they can be differentiated again.
struct Cube {
  static constexpr OpInfo info{.name = "cube", .saves = {Saved::X}};
  using Attrs = NoAttrs;
  static Tensor forward(const Tensor& x, const Attrs&) { return x * x * x; }
  static Tensor gx(const Tensor& g, const Tensor& x, const Tensor&, const Attrs&) { return g * 3.0 * square(x); }
};

struct WeightedSum {  // attributes larger than a cell has room for; two inputs; only what is wanted is computed
  struct Attrs {
    double weights[6];
  };
  static constexpr OpInfo info{.name = "weighted_sum", .saves = {Saved::Y, Saved::X}};
  static inline int rules_run = 0;
  static Tensor weights(const Tensor& x, const Attrs& at) { return tensor(at.weights, x.shape(), x.dtype()); }
  static Tensor forward(const Tensor& x, const Tensor& y, const Attrs& at) { return sum(x * y * weights(x, at)); }
  static Tensor gx(const Tensor& g, const Tensor& x, const Tensor& y, const Tensor&, const Attrs& at) {
    ++rules_run;
    return g * y * weights(x, at);
  }
  static Tensor gy(const Tensor& g, const Tensor& x, const Tensor&, const Tensor&, const Attrs& at) {
    ++rules_run;
    return g * x * weights(x, at);
  }
};

struct Pair {  // a joint rule, for gradients that share work
  static constexpr OpInfo info{.name = "pair", .saves = {Saved::X | Saved::Y, Saved::X | Saved::Y}};
  using Attrs = NoAttrs;
  static Tensor forward(const Tensor& x, const Tensor& y, const Attrs&) { return exp(x * y); }
  static void vjp(Cell& node, const Tensor& g, Tensor* gradients) {
    const Tensor x = input_of(node, 0), y = input_of(node, 1);
    const Tensor shared = g * exp(x * y);
    if (wants_gradient(node, 0)) gradients[0] = shared * y;
    if (wants_gradient(node, 1)) gradients[1] = shared * x;
  }
};

}  // namespace users_own

namespace trigrad::testing {
namespace {

using F = std::function<Tensor(const Tensor&)>;

// First and second derivatives against differences, in all orders.
void check_gradients(const F& f, const Tensor& at) {
  for (const Order order : kOrders) {
    const Tensor x = clone(at.detach()).set_requires_grad();
    sum(f(x)).backward({.order = order});
    expect_near(numbers(x.grad()), differences([&](const Tensor& t) { return sum(f(t)); }, x), 1e-8);
  }
  const Tensor x = clone(at.detach()).set_requires_grad();
  const auto slope = [&](const Tensor& t) {  // Σ of squared first derivatives: a function whose gradient needs the second ones
    const GradMode record(true);
    const Tensor inside = t.requires_grad() ? t : t.detach().set_requires_grad();
    const Tensor y = sum(f(inside));
    return sum(square(gradients({&y, 1}, {&inside, 1}, {}, {.retain_graph = true, .create_graph = true}, false)[0]));
  };
  slope(x).backward();
  expect_near(numbers(x.grad()), differences(slope, x), 1e-7);
}

const Tensor kPoints = tensor({-1.3, -0.2, 0.4, 0.9, 1.7, 2.6}, {2, 3}, DType::Float64);
const Tensor kPositive = tensor({0.3, 0.5, 0.4, 0.9, 1.7, 2.6}, {2, 3}, DType::Float64);
const Tensor kOthers = tensor({0.5, 1.1, -0.7, 0.2, -0.4, 0.8}, {2, 3}, DType::Float64);

TEST(TensorCustom, AnElementwiseStruct) {
  check_gradients([](const Tensor& x) { return Tensor::apply<users_own::Mish>({}, x); }, kPoints);
  check_gradients([](const Tensor& x) { return Tensor::apply<users_own::Mish>({}, x * x) * x; }, kPoints);
}

TEST(TensorCustom, AnElementwiseStructWithAttributes) {
  const users_own::Blend::Attrs at{.weight = 0.3, .power = 3};
  check_gradients([&](const Tensor& x) { return Tensor::apply<users_own::Blend>(at, x, kOthers); }, kPositive);
  check_gradients([&](const Tensor& y) { return Tensor::apply<users_own::Blend>(at, kPositive, y); }, kOthers);
  const Tensor z = Tensor::apply<users_own::Blend>({}, full({}, 3, DType::Float64), full({}, 0, DType::Float64));
  EXPECT_DOUBLE_EQ(z.item(), 0.5 * 9 + 0.5) << "the struct's defaults";
}

TEST(TensorCustom, ItIsAnOpLikeAnyOther) {
  const Tensor x = ones({3, 1}).set_requires_grad();
  const Tensor z = Tensor::apply<users_own::Mish>({}, x);
  EXPECT_EQ(z.op_name(), "mish");
  EXPECT_EQ(z.dtype(), DType::Float32) << "computed and stored in float32";
  EXPECT_TRUE(Tensor::apply<users_own::Blend>({}, x, ones({4})).shape() == (Dims{3, 4})) << "broadcasts";
  EXPECT_EQ(Tensor::apply<users_own::Mish>({}, tensor({1, 2}, {2}, DType::Int64)).dtype(), DType::Float32) << "promotes";
  expect_error<ShapeError>("blend: shapes (3, 1) and (2, 2) do not broadcast: sizes 3 and 2 differ at dim -2",
                           [&] { Tensor::apply<users_own::Blend>({}, x, ones({2, 2})); });
  EXPECT_TRUE(same_bits(Tensor::apply<users_own::Mish>({}, slice(kPoints, 1, 0, 3, 2)),
                        slice(Tensor::apply<users_own::Mish>({}, kPoints), 1, 0, 3, 2)));
}

TEST(TensorCustom, AStructuralStruct) {
  check_gradients([](const Tensor& x) { return apply_op<users_own::Cube>({}, x); }, kPoints);
  EXPECT_EQ(apply_op<users_own::Cube>({}, leaf(2)).op_name(), "cube");
}

TEST(TensorCustom, AStructuralStructWithLargeAttributes) {
  const users_own::WeightedSum::Attrs at{{1, -2, 3, 0.5, 0, 2}};
  check_gradients([&](const Tensor& x) { return apply_op<users_own::WeightedSum>(at, sin(x), kOthers); }, kPoints);
  check_gradients([&](const Tensor& y) { return apply_op<users_own::WeightedSum>(at, kPoints, y * y); }, kOthers);
  const Tensor x = clone(kPoints).set_requires_grad();
  users_own::WeightedSum::rules_run = 0;
  apply_op<users_own::WeightedSum>(at, x, kOthers).backward();
  EXPECT_EQ(users_own::WeightedSum::rules_run, 1) << "y wants no gradient";
}

TEST(TensorCustom, AJointRule) {
  check_gradients([](const Tensor& x) { return apply_op<users_own::Pair>({}, x, kOthers); }, kPoints);
  check_gradients([](const Tensor& x) { return apply_op<users_own::Pair>({}, x, x); }, kOthers);
}

TEST(TensorCustom, SavedValuesAreWatched) {
  Tensor x = clone(kPoints).set_requires_grad();
  const Tensor z = sum(apply_op<users_own::Cube>({}, x));
  x.detach().zero_();
  expect_error<GraphError>(
      "backward: a tensor of shape (2, 3) that cube saved was changed in place: it had version 0 and now has 1; clone it before the change",
      [&] { z.backward(); });
}

}  // namespace
}  // namespace trigrad::testing
