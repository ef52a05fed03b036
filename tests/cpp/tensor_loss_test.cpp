// cross_entropy, nll_loss, mse_loss and hinge_loss as one node: what the conformance suite's samples do not reach.

#include "tensor_testing.hpp"

#include <cmath>

namespace trigrad::testing {
namespace {

Tensor labels(std::initializer_list<double> values, const Dims& shape) { return tensor(values, shape, DType::Int64); }
constexpr Reduction kReductions[] = {Reduction::Mean, Reduction::Sum, Reduction::None};

// The same of parts: what the one node replaces.
Tensor of_parts(const Tensor& x, const Tensor& probabilities, Reduction reduction) {
  const Tensor losses = -sum(log_softmax(x, 1) * probabilities, {1});
  return reduction == Reduction::Mean ? mean(losses) : reduction == Reduction::Sum ? sum(losses) : losses;
}

std::vector<Tensor> slopes(const Tensor& loss, std::vector<Tensor> of, bool create_graph = false) {
  const Tensor total = sum(loss * loss);
  return gradients({&total, 1}, of, {}, {.retain_graph = true, .create_graph = create_graph}, false);
}

TEST(TensorLoss, CrossEntropyIsOneNode) {
  const Tensor x = randn({4, 3}).set_requires_grad();
  const Tensor loss = cross_entropy(x, labels({0, 2, 1, 1}, {4}));
  EXPECT_EQ(loss.op_name(), "cross_entropy");
  EXPECT_EQ(loss.cell()->input_cells()[0], x.cell());
}

// Weights that do not sum to 1, every layout, both ways to a gradient, and second derivatives.
TEST(TensorLoss, CrossEntropyIsTheSumOfItsParts) {
  Generator generator(2);
  for (const Dims& shape : {Dims{4, 5}, Dims{3, 5, 2}, Dims{2, 5, 3, 2}}) {
    const Tensor base = randn(shape, DType::Float64, &generator).set_requires_grad();
    const Tensor weights = rand(shape, DType::Float64, &generator).set_requires_grad();
    Dims turned = shape;
    std::swap(turned[0], turned[1]);
    for (const Reduction reduction : kReductions) {
      const Tensor one = cross_entropy(base, weights, -100, reduction), parts = of_parts(base, weights, reduction);
      expect_near(numbers(one), numbers(parts), 1e-13);
      const auto expected = slopes(parts, {base, weights}, true), fast = slopes(one, {base, weights});
      const auto recorded = slopes(cross_entropy(base, weights, -100, reduction), {base, weights}, true);
      for (std::size_t k = 0; k < 2; ++k) {
        expect_near(numbers(fast[k]), numbers(expected[k]), 1e-13);
        expect_near(numbers(recorded[k]), numbers(expected[k]), 1e-13);
        expect_near(numbers(slopes(recorded[k], {base, weights})[0]), numbers(slopes(expected[k], {base, weights})[0]), 1e-11);
      }
    }
    const Tensor view = transpose(clone(transpose(base.detach(), 0, 1)), 0, 1);  // the same numbers, not in a row
    EXPECT_TRUE(same_bits(cross_entropy(view, weights.detach()), cross_entropy(base.detach(), weights.detach())));
  }
}

// Every layout and reduction, ignored labels, both ways to a gradient.
TEST(TensorLoss, NllLossIsTheChoiceOfItsParts) {
  Generator generator(4);
  for (const Dims& shape : {Dims{5}, Dims{4, 5}, Dims{3, 5, 2}, Dims{2, 5, 3, 2}, Dims{4, 1}}) {
    const int dim = shape.size() > 1 ? 1 : 0;
    Dims one_each = shape;
    one_each[dim] = 1;
    const Tensor x = randn(shape, DType::Float64, &generator).set_requires_grad();
    const Tensor chosen = randint(0, shape[dim], one_each, &generator), at = squeeze(chosen, dim);
    for (const std::int64_t ignored : {std::int64_t{-100}, std::int64_t{2}})
      for (const Reduction reduction : kReductions) {
        const Tensor counts = to_dtype(at != like(at, static_cast<double>(ignored)), DType::Float64);
        const auto of_parts = [&] {
          const Tensor losses = -squeeze(gather(x, dim, chosen), dim) * counts;
          return reduction == Reduction::Mean ? sum(losses) / sum(counts) : reduction == Reduction::Sum ? sum(losses) : losses;
        };
        if (sum(counts).item() == 0) continue;  // 0 / 0: the next test
        const auto one = [&] { return nll_loss(x, at, ignored, reduction); };
        EXPECT_EQ(one().op_name(), "nll_loss");
        expect_near(numbers(one()), numbers(of_parts()), 1e-14);
        const auto expected = slopes(of_parts(), {x}, true), recorded = slopes(one(), {x}, true);
        expect_near(numbers(slopes(one(), {x})[0]), numbers(expected[0]), 1e-14);
        expect_near(numbers(recorded[0]), numbers(expected[0]), 1e-14);
        expect_near(numbers(slopes(recorded[0], {x})[0]), numbers(slopes(expected[0], {x})[0]), 1e-13);
      }
    const Tensor view = transpose(clone(transpose(x.detach(), 0, -1)), 0, -1);  // the same numbers, not in a row
    EXPECT_TRUE(same_bits(nll_loss(view, at), nll_loss(x, at)));
  }
}

// softmax and log_softmax along every dim: the fast rule, the rule made of ops, and the definition.
TEST(TensorLoss, SoftmaxRulesAgree) {
  Generator generator(5);
  const Tensor x = randn({3, 17, 4}, DType::Float64, &generator).set_requires_grad();
  const Tensor weights = randn({3, 17, 4}, DType::Float64, &generator);
  const auto slope = [&](const Tensor& z, bool create_graph = false) {
    const Tensor total = sum(z * weights);
    return gradients({&total, 1}, {&x, 1}, {}, {.retain_graph = true, .create_graph = create_graph}, false)[0];
  };
  for (int dim = 0; dim < 3; ++dim) {
    const Tensor e = exp(x), p = e / sum(e, {dim}, true);
    expect_near(numbers(softmax(x, dim)), numbers(p), 1e-15);
    expect_near(numbers(log_softmax(x, dim)), numbers(log(p)), 1e-14);
    for (const bool logarithm : {false, true}) {
      const Tensor z = logarithm ? log_softmax(x, dim) : softmax(x, dim), expected = slope(logarithm ? log(p) : p);
      expect_near(numbers(slope(z)), numbers(expected), 1e-13);
      expect_near(numbers(slope(z, true)), numbers(expected), 1e-13);
    }
  }
}

// Both inputs' gradients, second derivatives, a target that broadcasting turned into a view, and more numbers than a block has.
void expect_sum_of_parts(std::string_view name, auto&& one, auto&& part) {
  Generator generator(3);
  for (const Dims& shape : {Dims{}, Dims{1}, Dims{3, 5}, Dims{131, 173}}) {
    const Tensor x = randn(shape, DType::Float64, &generator).set_requires_grad();
    const Tensor t = expand(randn({}, DType::Float64, &generator), shape).detach().set_requires_grad();
    for (const Reduction reduction : {Reduction::Mean, Reduction::Sum}) {
      const auto of_parts = [&] { return reduction == Reduction::Mean ? mean(part(x, t)) : sum(part(x, t)); };
      EXPECT_EQ(one(x, t, reduction).op_name(), name);
      expect_near(numbers(one(x, t, reduction)), numbers(of_parts()), 1e-13);
      const auto expected = slopes(of_parts(), {x, t}, true), fast = slopes(one(x, t, reduction), {x, t}),
                 recorded = slopes(one(x, t, reduction), {x, t}, true);
      for (std::size_t k = 0; k < 2; ++k) {
        expect_near(numbers(fast[k]), numbers(expected[k]), 1e-13);
        expect_near(numbers(recorded[k]), numbers(expected[k]), 1e-13);
        const auto second = slopes(recorded[k], {x, t}), expected_second = slopes(expected[k], {x, t});
        for (std::size_t j = 0; j < 2; ++j) expect_near(numbers(second[j]), numbers(expected_second[j]), 1e-11);
      }
    }
  }
  EXPECT_TRUE(std::isnan(one(zeros({0}), zeros({0}), Reduction::Mean).item())) << "the mean of nothing";
}

TEST(TensorLoss, MseLossIsTheSumOfItsParts) {
  expect_sum_of_parts("mse_loss", mse_loss, [](const Tensor& x, const Tensor& t) { return square(x - t); });
}

TEST(TensorLoss, HingeLossIsTheSumOfItsParts) {
  expect_sum_of_parts(
      "hinge_loss", [](const Tensor& x, const Tensor& t, Reduction reduction) { return hinge_loss(x, t, 0.5, reduction); },
      [](const Tensor& x, const Tensor& t) { return relu(like(x, 0.5) - t * x); });
  const Tensor at_the_kink = full({2}, 0.5, DType::Float64).set_requires_grad();
  hinge_loss(at_the_kink, ones({2}, DType::Float64), 0.5).backward();
  EXPECT_EQ(numbers(at_the_kink.grad()), std::vector<double>(2, 0.0)) << "as relu's gradient at 0";
}

TEST(TensorLoss, LabelsAreProbabilities) {
  const Tensor x = randn({4, 3}, DType::Float64).set_requires_grad(), at = labels({0, 2, -7, 1}, {4});
  const Tensor hits = tensor({1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0}, {4, 3}, DType::Float64);
  const Tensor smooth = tensor({1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1}, {4, 3}, DType::Float64) * like(hits, 0.1) + hits * like(hits, 0.7);
  for (const Reduction reduction : kReductions) {
    const Tensor one = cross_entropy(x, at, -7, reduction, 0.3);
    Tensor parts = of_parts(x, smooth, reduction);
    if (reduction == Reduction::Mean) parts = parts * like(parts, 4.0 / 3);  // of the three that count
    expect_near(numbers(one), numbers(parts), 1e-13);
    expect_near(numbers(slopes(one, {x})[0]), numbers(slopes(parts, {x})[0]), 1e-13);
  }
}

TEST(TensorLoss, CrossEntropyAtTheEdges) {
  const auto loss = [](std::initializer_list<double> row) { return cross_entropy(tensor(row, {1, 3}), labels({0}, {1})).item(); };
  EXPECT_EQ(loss({1000, -1000, 0}), 0);
  EXPECT_EQ(loss({-1000, 1000, 0}), 2000);
  EXPECT_EQ(loss({1, -HUGE_VAL, -HUGE_VAL}), 0);
  EXPECT_EQ(loss({-HUGE_VAL, 1, 1}), HUGE_VAL);
  EXPECT_TRUE(std::isnan(loss({0, 0, NAN})) && std::isnan(loss({NAN, 0, 0})) && std::isnan(loss({0, HUGE_VAL, 0})));
  EXPECT_TRUE(std::isnan(cross_entropy(zeros({0, 3}), labels({}, {0})).item())) << "the mean of nothing";
  EXPECT_EQ(cross_entropy(zeros({0, 3}), labels({}, {0}), -100, Reduction::Sum).item(), 0);
  const Tensor x = zeros({2, 3}).set_requires_grad();
  const Tensor nothing = cross_entropy(x, labels({5, 5}, {2}), 5);
  EXPECT_TRUE(std::isnan(nothing.item()));
  nothing.backward();
  EXPECT_EQ(numbers(x.grad()), std::vector<double>(6, 0)) << "rows that do not count get no gradient, not even NaN";
}

TEST(TensorLoss, NllLossAtTheEdges) {
  EXPECT_TRUE(std::isnan(nll_loss(zeros({0, 3}), labels({}, {0})).item())) << "the mean of nothing";
  EXPECT_EQ(nll_loss(zeros({0, 3}), labels({}, {0}), -100, Reduction::Sum).item(), 0);
  const Tensor x = tensor({NAN, NAN, 1, 2}, {2, 2}).set_requires_grad();
  const Tensor loss = nll_loss(x, labels({5, 1}, {2}), 5);
  EXPECT_EQ(loss.item(), -2) << "what does not count is not looked at";
  loss.backward();
  EXPECT_EQ(numbers(x.grad()), (std::vector<double>{0, 0, 0, -1}));
}

TEST(TensorLoss, LabelsOverwrittenOutsideAreNotFollowed) {
  std::int64_t outside[] = {0, 1};
  const Tensor at(new_cell(DType::Int64, {2}, {1}, share_memory(outside, sizeof outside, [](void*) {}, nullptr), 0));
  const Tensor x = zeros({2, 3}).set_requires_grad(), scores = zeros({2, 3}).set_requires_grad();
  const Tensor loss = cross_entropy(x, at), sum = nll_loss(scores, at, -100, Reduction::Sum);
  outside[1] = 1'000'000;
  loss.backward();
  sum.backward();
  EXPECT_NEAR(numbers(x.grad())[0], (1.0 / 3 - 1) / 2, 1e-6);
  EXPECT_EQ(numbers(scores.grad()), (std::vector<double>{-1, 0, 0, 0, 0, 0}));
}

}  // namespace
}  // namespace trigrad::testing
