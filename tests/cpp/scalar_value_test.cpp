// Value: every op of the list against finite differences, micrograd's numbers, constants, and what must raise.
#include <trigrad/scalar.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <thread>
#include <vector>

namespace {
using namespace trigrad;

template <class Op, std::size_t... K>
Value call(const std::array<Value, 3>& x, std::index_sequence<K...>) {
  return Value::apply<Op>(typename Op::Attrs{}, x[K]...);
}
template <class Op>
Value call(const std::array<Value, 3>& x) {
  return call<Op>(x, std::make_index_sequence<Op::arity>{});
}

// At 20 points of the domain that keep clear of whole and half numbers, where kinks and jumps are.
template <class Op>
void check_gradients() {
  for (int point = 0; point < 20; ++point) {
    std::array<double, 3> at{};
    for (int k = 0; k < Op::arity; ++k) {
      const Range r = Op::info.domain[static_cast<std::size_t>(k)];
      const double spread = 0.03 + 0.94 * std::fmod(0.618034 * (point + 1) + 0.31 * k, 1.0);
      at[static_cast<std::size_t>(k)] = r.low + (r.high - r.low) * spread;
      double& x = at[static_cast<std::size_t>(k)];
      if (std::abs(2 * x - std::round(2 * x)) < 0.01) x += 0.02;
    }
    if constexpr (Op::arity == 3) at[0] = point % 2;
    std::array<Value, 3> x = {leaf(at[0]), leaf(at[1]), leaf(at[2])};
    const Value z = call<Op>(x);
    ASSERT_FALSE(z.is_constant());
    z.backward();
    for (std::size_t k = Op::arity == 3 ? 1 : 0; k < Op::arity; ++k) {
      constexpr double h = 1e-6;
      std::array<Value, 3> up = {at[0], at[1], at[2]}, down = up;
      up[k] = at[k] + h;
      down[k] = at[k] - h;
      const double slope = (call<Op>(up).data - call<Op>(down).data) / (2 * h);
      EXPECT_NEAR(x[k].grad(), slope, 1e-7 * (1 + std::abs(slope)) + 1e-8) << Op::info.name << " by input " << k << " at " << at[k];
    }
  }
}

TEST(ScalarValue, EveryOpOfTheListHasRightGradients) {
  ElementwiseOps::for_each([]<class Op>(Op) {
    if constexpr (differentiable<Op>) check_gradients<Op>();
  });
}

TEST(ScalarValue, TestsGivePlainConstants) {
  ElementwiseOps::for_each([]<class Op>(Op) {
    if constexpr (!differentiable<Op>) {
      const std::array<Value, 3> x = {leaf(1.0), leaf(2.0), leaf(3.0)};
      const std::size_t size = tape().size();
      const Value z = call<Op>(x);
      EXPECT_TRUE(z.is_constant()) << Op::info.name;
      EXPECT_TRUE(z.data == 0 || z.data == 1) << Op::info.name;
      EXPECT_EQ(tape().size(), size) << Op::info.name;
    }
  });
  EXPECT_TRUE(leaf(2.0) > leaf(1.0));
  EXPECT_FALSE(leaf(2.0) < 1.0);
}

TEST(ScalarValue, RulesAreThemselvesDifferentiable) {
  const Value x = leaf(0.7);
  const Value slope = Tanh::gx(Value(1.0), x, tanh(x));  // the rule, recorded: 1 - tanh²
  slope.backward();
  EXPECT_NEAR(x.grad(), -2 * std::tanh(0.7) * (1 - std::tanh(0.7) * std::tanh(0.7)), 1e-15);
}

TEST(ScalarValue, MicrogradsReadme) {
  const Value a = leaf(-4.0), b = leaf(2.0);
  Value c = a + b;
  Value d = a * b + pow(b, 3);
  c += c + 1;
  c += 1 + c + (-a);
  d += d * 2 + relu(b + a);
  d += 3 * d + relu(b - a);
  const Value e = c - d;
  const Value f = pow(e, 2);
  Value g = f / 2.0;
  g += 10.0 / f;
  g.backward();
  EXPECT_NEAR(g.data, 24.70408163265306, 1e-13);
  EXPECT_NEAR(a.grad(), 138.83381924198252, 1e-12);
  EXPECT_NEAR(b.grad(), 645.5772594752186, 1e-12);
}

TEST(ScalarValue, ASecondBackwardGives4Then8) {
  const Value a = leaf(3.0);
  const Value b = a * 2;
  const Value c = b * 2;
  c.backward();
  EXPECT_EQ(a.grad(), 4.0);
  c.backward();
  EXPECT_EQ(a.grad(), 8.0);
  EXPECT_EQ(b.grad(), 2.0);
}

TEST(ScalarValue, DiamondsFansAndRepeatedOperands) {
  const Value x = leaf(3.0);
  const Value h = x * 1.0;
  (h + h).backward();
  EXPECT_EQ(x.grad(), 2.0);
  (h + relu(h)).backward();
  EXPECT_EQ(x.grad(), 4.0);
  Value y = x;
  for (int k = 0; k < 40; ++k) y = y + y;
  y.backward();
  EXPECT_EQ(x.grad(), 4.0 + std::ldexp(1.0, 40));
}

TEST(ScalarValue, ConstantsAreNotRecorded) {
  const std::size_t size = tape().size();
  const Value c = exp(Value(2.0) * 3.0 + 1.0);
  EXPECT_TRUE(c.is_constant());
  EXPECT_EQ(tape().size(), size);
  EXPECT_EQ(c.grad(), 0.0);
  EXPECT_THROW(c.backward(), GraphError);
}

TEST(ScalarValue, DotAndMulAddEqualTheirParts) {
  std::vector<Value> w, x;
  for (int k = 0; k < 7; ++k) {
    w.push_back(leaf(0.3 * k - 1));
    x.push_back(k % 3 ? leaf(1.1 - 0.2 * k) : Value(0.5 * k));
  }
  const Value bias = tanh(leaf(0.4)), start = bias + 0.0;  // `start` is the newest node, so the sum runs on into it
  Value by_parts = start, by_mul_add = start;
  for (std::size_t k = 0; k < w.size(); ++k) {
    by_parts += w[k] * x[k];
    by_mul_add = mul_add(w[k], x[k], by_mul_add);
  }
  const Value by_dot = dot(std::span<const Value>(w), std::span<const Value>(x), start);
  std::vector<double> gradients[3];
  for (int way = 0; way < 3; ++way) {
    for (Value& p : w) p.set_grad(0.0);
    for (Value& p : x)
      if (!p.is_constant()) p.set_grad(0.0);
    const Value& z = way == 0 ? by_parts : way == 1 ? by_mul_add : by_dot;
    EXPECT_DOUBLE_EQ(z.data, by_parts.data);
    z.backward();
    for (const Value& p : w) gradients[way].push_back(p.grad());
    for (const Value& p : x) gradients[way].push_back(p.grad());
    gradients[way].push_back(bias.grad());
  }
  EXPECT_EQ(gradients[0], gradients[1]);
  EXPECT_EQ(gradients[0], gradients[2]);

  const std::vector<double> row = {1, 2, 3, 4, 5, 6, 7};
  EXPECT_DOUBLE_EQ(dot(std::span<const Value>(w), std::span<const double>(row)).data, 0.3 * (2 + 6 + 12 + 20 + 30 + 42) - 28);
}

template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(ScalarValue, AGraphBelongsToItsThread) {
  const Value a = leaf(2.0), b = a * a;
  std::string recording, sweeping, summing;
  std::thread([&] {
    const Value own = leaf(1.0);
    recording = message_of([&] { (void)(own + a); });
    sweeping = message_of([&] { b.backward(); });
    const std::vector<Value> w = {own, a}, x = {1.0, 2.0};
    summing = message_of([&] { (void)dot(std::span<const Value>(w), std::span<const Value>(x)); });
  }).join();
  const std::string rest = ": this graph belongs to another thread, the one that recorded it; detach() shares values across threads";
  EXPECT_EQ(recording, "add" + rest);
  EXPECT_EQ(sweeping, "backward" + rest);
  EXPECT_EQ(summing, "dot" + rest);
}

TEST(ScalarValue, LeavesComeInOneRow) {
  const std::vector<double> numbers = {1.5, -2, 3};
  std::vector<Value> w(3), few(2);
  leaves(numbers, w);
  (w[0] * w[1] + w[2] * w[2]).backward();
  const auto gradients = tape().adjoints(w[0].id(), w.size());
  EXPECT_EQ(std::vector(gradients.begin(), gradients.end()), (std::vector{-2.0, 1.5, 6.0}));
  EXPECT_EQ(w[1].grad(), 1.5);
  EXPECT_EQ(w[2].data, 3.0);
  EXPECT_EQ(message_of([&] { leaves(numbers, few); }), "leaves: there are 3 numbers and places for 2 variables");
}

TEST(ScalarValue, DotNamesBothLengths) {
  const std::vector<Value> w(3), x(4);
  EXPECT_EQ(message_of([&] { (void)dot(std::span<const Value>(w), std::span<const Value>(x)); }),
            "dot: needs two 1-D tensors of one length, not (3,) and (4,)");
}

}  // namespace
