// Modules, initial values and gradient clipping of the tensor engine, by numbers that can be checked by hand.

#include "tensor_testing.hpp"

#include <trigrad/tensor/nn.hpp>

#include <cmath>

namespace trigrad::testing {
namespace {

using Names = std::vector<std::string>;

Names names_of(const nn::Module& module) {
  Names names;
  for (const nn::NamedTensor& parameter : module.named_parameters()) names.push_back(parameter.name);
  return names;
}

int nodes_of(const Tensor& z) {  // of a chain: each node's first input
  int count = 0;
  for (const Cell* cell = z.cell(); cell && !cell->is_leaf(); cell = cell->input_cells()[0]) ++count;
  return count;
}

// The numbers are those of Python's nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)) after manual_seed(7).
TEST(TensorNn, WeightsAreDrawnAsInPython) {
  manual_seed(7);
  const nn::Sequential model{nn::Linear(2, 3), nn::Tanh(), nn::Linear(3, 1)};
  EXPECT_EQ(names_of(model), (Names{"0.weight", "0.bias", "2.weight", "2.bias"}));
  const std::vector<Tensor> parameters = model.parameters();
  EXPECT_EQ(parameters[0].shape(), (Dims{3, 2}));
  EXPECT_EQ(parameters[3].shape(), (Dims{1}));
  const std::vector<double> expected[] = {
      {0.3537686765193939, -0.5859682559967041, 0.41759470105171204, 0.6475036144256592, -0.6951522827148438, 0.49310874938964844},
      {-0.3533717095851898, -0.5104954838752747, 0.6923896670341492},
      {-0.1890944093465805, 0.25325721502304077, -0.0369437038898468},
      {-0.031989239156246185}};
  for (std::size_t k = 0; k < 4; ++k) EXPECT_EQ(numbers(parameters[k]), expected[k]);
  for (const Tensor& parameter : parameters) EXPECT_TRUE(parameter.requires_grad() && parameter.is_leaf());
}

TEST(TensorNn, OneSeedGivesBothTypesTheSameWeights) {
  Generator one(3), two(3);
  const nn::Linear wide(4, 5, true, DType::Float64, &one), narrow(4, 5, true, DType::Float32, &two);
  EXPECT_TRUE(same_bits(to_dtype(wide.weight.detach(), DType::Float32), narrow.weight.detach()));
  EXPECT_TRUE(same_bits(to_dtype(wide.bias.detach(), DType::Float32), narrow.bias.detach()));
}

TEST(TensorNn, LinearByHand) {
  nn::Linear layer(2, 1, true, DType::Float64);
  const NoGrad guard;
  layer.weight.copy_(tensor({2, -1}, {1, 2}, DType::Float64));
  layer.bias.fill_(0.5);
  EXPECT_EQ(numbers(layer(tensor({3, 4}, {1, 2}, DType::Float64))), (std::vector<double>{2.5}));
  nn::Linear plain(2, 1, false);
  EXPECT_FALSE(plain.bias.defined());
  EXPECT_EQ(names_of(plain), Names{"weight"});
}

TEST(TensorNn, SequentialFusesWithoutChangingAnyNumber) {
  const auto x = randn({4, 3});
  const auto check = [&](auto activation) {
    nn::Linear first(3, 5), last(5, 2);
    nn::Sequential model(first, activation, last);
    const Tensor fused = model(x), separate = last(activation(first(x)));
    EXPECT_TRUE(same_bits(fused.detach(), separate.detach()));
    EXPECT_EQ(nodes_of(fused), 2);
    EXPECT_EQ(nodes_of(separate), 3);
  };
  check(nn::ReLU());
  check(nn::Tanh());
  check(nn::Sigmoid());
  nn::Sequential others(nn::Linear(3, 5), nn::GELU(), nn::ReLU(), nn::Functional([](const Tensor& h) { return h * 2.0; }));
  EXPECT_EQ(nodes_of(others(x)), 4) << "a ReLU that does not follow a Linear is a node";
}

TEST(TensorNn, ASubclassOfAnActivationIsAsked) {
  struct Doubled : nn::ReLU {
    Tensor forward(const Tensor& x) override { return x * 2.0; }
  };
  manual_seed(3);
  nn::Linear first(2, 3);
  const Tensor x = randn({4, 2}), expected = first(x) * 2.0;
  nn::Sequential model(first, Doubled());
  EXPECT_TRUE(same_bits(model(x), expected));
}

TEST(TensorNn, MlpIsASequential) {
  Generator generator(1), again(1);
  nn::MLP model({3, 8, 4, 2}, {.activation = Activation::Tanh, .dropout = {0.5, 0}}, DType::Float32, &generator);
  EXPECT_EQ(model.size(), 6u) << "a dropout rate of 0 needs no module";
  EXPECT_EQ(names_of(model), (Names{"0.weight", "0.bias", "3.weight", "3.bias", "5.weight", "5.bias"}));
  const nn::Linear first(3, 8, true, DType::Float32, &again);
  EXPECT_TRUE(same_bits(first.weight.detach(), model.parameters()[0].detach()));
  EXPECT_EQ(nodes_of(nn::MLP({3, 8, 4, 2})(randn({5, 3}))), 3);
  expect_error<ValueError>("MLP: sizes needs at least an input and an output size, not [3]", [] { nn::MLP model({3}); });
  expect_error<ValueError>("MLP: 2 hidden layers but 3 dropout rates", [] { nn::MLP model({3, 8, 4, 2}, {.dropout = {0.1, 0.2, 0.3}}); });
}

struct Net : nn::Module {
  std::shared_ptr<nn::Linear> first = register_module("first", nn::Linear(2, 3));
  std::shared_ptr<nn::Dropout> drop = register_module("drop", nn::Dropout(0.5));
  std::shared_ptr<nn::Sequential> rest = register_module("rest", nn::Sequential(*first, nn::Linear(3, 1)));  // first again
  Tensor scale = register_parameter("scale", ones({1}));
  Tensor forward(const Tensor& x) override { return (*drop)((*first)(x)) * scale; }
};

TEST(TensorNn, AModuleOfOnesOwn) {
  Net net;
  EXPECT_EQ(names_of(net), (Names{"scale", "first.weight", "first.bias", "rest.1.weight", "rest.1.bias"})) << "shared ones once";
  net.eval();
  EXPECT_FALSE(net.drop->is_training());
  EXPECT_FALSE((*net.rest)[1].is_training());
  const Tensor x = randn({4, 2});
  EXPECT_TRUE(same_bits(net(x).detach(), net(x).detach()));
  net.train();
  EXPECT_TRUE(net.drop->is_training());
  sum(net(x)).backward();
  EXPECT_TRUE(net.scale.grad().defined());
  net.zero_grad(false);
  EXPECT_EQ(numbers(net.scale.grad()), std::vector<double>{0});
  net.zero_grad();
  EXPECT_FALSE(net.scale.grad().defined());
  const Net copy = net;
  EXPECT_TRUE(copy.parameters()[0].is_same(net.parameters()[0])) << "a copy is another handle";
  expect_error<NotImplemented>("Module: this module does not say what forward(x) is", [&] { nn::Module()(x); });
}

TEST(TensorNn, Dropout) {
  Generator generator(5);
  nn::Dropout drop(0.25, &generator);
  const Tensor x = full({8}, 3).set_requires_grad();
  const Tensor y = drop(x);
  const std::vector<double> kept{0, 1, 0, 0, 1, 0, 1, 1};  // as Python's nn.Dropout(0.25, generator=Generator(5)) keeps them
  sum(y).backward();
  for (std::size_t k = 0; k < 8; ++k) {
    EXPECT_FLOAT_EQ(static_cast<float>(numbers(y)[k]), static_cast<float>(4 * kept[k]));
    EXPECT_FLOAT_EQ(static_cast<float>(numbers(x.grad())[k]), static_cast<float>(kept[k] / 0.75));
  }
  EXPECT_NEAR(mean(nn::Dropout(0.25)(ones({100'000}))).item(), 1, 0.01);
  EXPECT_EQ(numbers(nn::Dropout(1)(x)), std::vector<double>(8, 0));
  EXPECT_TRUE(nn::Dropout(0)(x).is_same(x));
  drop.eval();
  EXPECT_TRUE(drop(x).is_same(x));
  expect_error<ValueError>("dropout probability has to be between 0 and 1, but got 1.5", [] { nn::Dropout{1.5}; });
}

TEST(TensorNn, FlattenKeepsTheBatch) { EXPECT_EQ(nn::Flatten()(zeros({5, 2, 3})).shape(), (Dims{5, 6})); }

// --- initial values ------------------------------------------------------------------------------------------------
struct Spread {
  double mean, deviation, largest;
};
Spread spread_of(const Tensor& x) { return {mean(x).item(), std(x).item(), norm(x, HUGE_VAL).item()}; }

TEST(TensorNn, InitialValuesHaveTheirSpread) {
  const auto weight = [] { return empty({300, 200}, DType::Float64); };
  const auto expect_uniform = [](const Tensor& x, double bound) {
    const Spread s = spread_of(x);
    EXPECT_NEAR(s.mean, 0, 0.01 * bound);
    EXPECT_NEAR(s.deviation, bound / std::sqrt(3.0), 0.01 * bound);
    EXPECT_LE(s.largest, bound);
    EXPECT_GT(s.largest, 0.999 * bound);
  };
  expect_uniform(nn::init::uniform_(weight(), -2, 2), 2);
  expect_uniform(nn::init::xavier_uniform_(weight()), std::sqrt(6.0 / 500));
  expect_uniform(nn::init::kaiming_uniform_(weight()), std::sqrt(6.0 / 200));
  expect_uniform(nn::init::kaiming_uniform_(weight(), std::sqrt(5.0)), 1 / std::sqrt(200.0));
  expect_uniform(nn::init::kaiming_uniform_(weight(), 0, "fan_out", "tanh"), 5.0 / 3 * std::sqrt(3.0 / 300));
  EXPECT_NEAR(spread_of(nn::init::kaiming_normal_(weight(), 0, "fan_in", "relu")).deviation, std::sqrt(2.0 / 200), 1e-3);
  EXPECT_NEAR(spread_of(nn::init::normal_(weight(), 5, 0.5)).mean, 5, 0.01);
  EXPECT_EQ(numbers(nn::init::zeros_(ones({2}))), (std::vector<double>{0, 0}));
  EXPECT_EQ(numbers(nn::init::ones_(zeros({2}).set_requires_grad())), (std::vector<double>{1, 1})) << "leaves, too";
  EXPECT_THROW(nn::init::xavier_uniform_(zeros({3})), ShapeError);
  EXPECT_THROW(nn::init::kaiming_normal_(weight(), 0, "fan"), ValueError);
  EXPECT_THROW(nn::init::kaiming_normal_(weight(), 0, "fan_in", "swish"), ValueError);
}

// --- clipping ------------------------------------------------------------------------------------------------------
TEST(TensorNn, ClipGradNorm) {
  const std::vector<Tensor> parameters{leaf({0, 0}, {2}), leaf(0), leaf(0)};
  const auto reset = [&] {
    Tensor(parameters[0]).set_grad(tensor({3, 0}, {2}, DType::Float64));
    Tensor(parameters[1]).set_grad(tensor({-4}, {}, DType::Float64));
  };
  reset();
  EXPECT_DOUBLE_EQ(nn::clip_grad_norm_(parameters, 10), 5);
  EXPECT_EQ(numbers(parameters[0].grad()), (std::vector<double>{3, 0})) << "small enough";
  EXPECT_DOUBLE_EQ(nn::clip_grad_norm_(parameters, 1), 5);
  expect_near(numbers(parameters[0].grad()), {0.6, 0}, 1e-6);
  expect_near(numbers(parameters[1].grad()), {-0.8}, 1e-6);
  reset();
  EXPECT_DOUBLE_EQ(nn::clip_grad_norm_(parameters, 2, HUGE_VAL), 4);
  expect_near(numbers(parameters[1].grad()), {-2}, 1e-6);
  for (const std::size_t k : {0u, 1u}) {  // NaN shows, whichever parameter has it
    reset();
    parameters[k].grad().fill_(NAN);
    EXPECT_TRUE(std::isnan(nn::clip_grad_norm_(parameters, 2, HUGE_VAL)));
    EXPECT_TRUE(std::isnan(nn::clip_grad_norm_(parameters, 2)));
  }
  reset();
  EXPECT_DOUBLE_EQ(nn::clip_grad_norm_(parameters, 100, 1), 7);
  EXPECT_FALSE(parameters[2].grad().defined());
  EXPECT_EQ(nn::clip_grad_norm_({}, 1), 0);
}

}  // namespace
}  // namespace trigrad::testing
