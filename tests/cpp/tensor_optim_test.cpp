// The optimisers: by hand, along the ways that PyTorch took (tests/golden/optimisers.json), and what a step leaves alone.

#include "golden.hpp"
#include "tensor_testing.hpp"

#include <trigrad/tensor/nn.hpp>
#include <trigrad/tensor/optim.hpp>
#include <trigrad/tensor/pool.hpp>

#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>
#include <memory>

namespace trigrad::testing {
namespace {

using Numbers = std::vector<double>;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// --- by hand -------------------------------------------------------------------------------------------------------
Tensor start_at(double value, double gradient) {
  Tensor w = leaf(value);
  w.set_grad(tensor({gradient}, {}, DType::Float64));
  return w;
}

TEST(TensorOptim, SgdByHand) {
  const Tensor w = start_at(1, 2);
  optim::SGD({w}, {.lr = 0.1}).step();
  EXPECT_DOUBLE_EQ(w.item(), 0.8);

  const Tensor rolling = start_at(1, 2);
  optim::SGD momentum({rolling}, {.lr = 0.1, .momentum = 0.9});
  momentum.step();  // v = 2
  EXPECT_DOUBLE_EQ(rolling.item(), 0.8);
  momentum.step();  // v = 0.9·2 + 2 = 3.8
  EXPECT_DOUBLE_EQ(rolling.item(), 0.42);

  const Tensor damped = start_at(1, 2);
  optim::SGD dampening({damped}, {.lr = 0.1, .momentum = 0.9, .dampening = 0.5, .weight_decay = 1});
  dampening.step();  // d = 2 + 1, v = d at first, dampening or not
  EXPECT_DOUBLE_EQ(damped.item(), 0.7);
  dampening.step();  // d = 2.7, v = 0.9·3 + 0.5·2.7 = 4.05
  EXPECT_DOUBLE_EQ(damped.item(), 0.295);

  const Tensor ahead = start_at(1, 2);
  optim::SGD nesterov({ahead}, {.lr = 0.1, .momentum = 0.5, .nesterov = true});
  nesterov.step();  // v = 2, d = 2 + 0.5·2 = 3
  EXPECT_DOUBLE_EQ(ahead.item(), 0.7);

  const Tensor up = start_at(1, 2);
  optim::SGD({up}, {.lr = 0.1, .maximize = true}).step();
  EXPECT_DOUBLE_EQ(up.item(), 1.2);
}

TEST(TensorOptim, AdamByHand) {
  const Tensor w = start_at(1, -4);
  optim::Adam adam({w}, {.lr = 0.1});
  adam.step();  // both moments, corrected, are those of the one gradient: the step is lr · sign(g)
  EXPECT_NEAR(w.item(), 1.1, 1e-9);
  w.grad().fill_(0);
  adam.step();  // m = 0.9·-0.4, v = 0.999·0.016; corrected m = -0.36/0.19, v = 0.015984/0.001999
  EXPECT_NEAR(w.item(), 1.1 + 0.1 * (0.36 / 0.19) / std::sqrt(0.015984 / 0.001999), 1e-9);

  const Tensor decayed = start_at(2, 1);
  optim::AdamW({decayed}, {.lr = 0.1, .weight_decay = 0.5}).step();  // 2·(1 - 0.05) - 0.1
  EXPECT_NEAR(decayed.item(), 1.8, 1e-8);
}

TEST(TensorOptim, LambdaLr) {
  const Tensor w = start_at(1, 1);
  optim::SGD sgd({w}, {.lr = 0.5});
  optim::LambdaLR schedule(sgd, [](std::int64_t epoch) { return 1 - 0.25 * static_cast<double>(epoch); });
  EXPECT_EQ(sgd.lr(), 0.5);
  sgd.step();
  schedule.step();
  EXPECT_EQ(schedule.last_lr(), 0.375);
  EXPECT_EQ(schedule.last_epoch(), 1);
  sgd.step();
  EXPECT_DOUBLE_EQ(w.item(), 1 - 0.5 - 0.375);
  schedule.step();
  EXPECT_EQ(sgd.lr(), 0.25);  // of the first value, not of the last
}

// --- PyTorch's ways ------------------------------------------------------------------------------------------------
std::unique_ptr<optim::Optimizer> make(const Json& line, const Tensor& w) {
  const Json& given = line["options"];
  const auto adam_options = [&](auto options) {
    options.lr = given.value("lr", options.lr);
    options.betas = given.value("betas", options.betas);
    options.eps = given.value("eps", options.eps);
    options.weight_decay = given.value("weight_decay", options.weight_decay);
    options.amsgrad = given.value("amsgrad", options.amsgrad);
    options.maximize = given.value("maximize", options.maximize);
    return options;
  };
  if (line["optimizer"] == "Adam") return std::make_unique<optim::Adam>(std::vector{w}, adam_options(optim::AdamOptions{}));
  if (line["optimizer"] == "AdamW") return std::make_unique<optim::AdamW>(std::vector{w}, adam_options(optim::AdamWOptions{}));
  optim::SGDOptions o;
  o = {given.value("lr", o.lr),          given.value("momentum", o.momentum), given.value("dampening", o.dampening),
       given.value("weight_decay", 0.0), given.value("nesterov", false),      given.value("maximize", false)};
  return std::make_unique<optim::SGD>(std::vector{w}, o);
}

TEST(TensorOptim, Golden) {
  const Json lines = golden("optimisers.json");
  ASSERT_EQ(lines.size(), 22u);
  for (const Json& line : lines) {
    SCOPED_TRACE(line["optimizer"].get<std::string>() + " " + text_of(line["options"]) + " " + line["dtype"].get<std::string>());
    const DType dtype = line["dtype"] == "float32" ? DType::Float32 : DType::Float64;
    const auto read = [&](const Json& values) {
      const Numbers read = values.get<Numbers>();
      return tensor(read, {static_cast<std::int64_t>(read.size())}, dtype);
    };
    Tensor w = read(line["start"]).set_requires_grad();
    const auto optimizer = make(line, w);
    for (std::size_t step = 0; step < line["gradients"].size(); ++step) {
      const Json& gradient = line["gradients"][step];
      w.set_grad(gradient.is_null() ? Tensor() : read(gradient));
      optimizer->step();
      // A few roundings a step, of numbers that are at most 5.
      expect_near(numbers(w), line["values"][step].get<Numbers>(), dtype == DType::Float32 ? 1e-6 : 2e-15);
    }
  }
}

// --- what a step touches -------------------------------------------------------------------------------------------
TEST(TensorOptim, AStepIsUnrecordedAndCounted) {
  Tensor w = leaf({1, 2}, {2});
  Tensor other = leaf({1, 2}, {2});
  optim::Adam adam({w, other}, {});
  const Tensor loss = sum(w * w);
  loss.backward({.retain_graph = true});
  const std::uint32_t before = w.version();
  adam.step();
  EXPECT_EQ(w.version(), before + 1);
  EXPECT_EQ(other.version(), 0u) << "no gradient, no step";
  EXPECT_EQ(numbers(other), (Numbers{1, 2}));
  EXPECT_TRUE(w.is_leaf() && w.requires_grad());
  EXPECT_THROW(loss.backward(), GraphError) << "the graph saved w, which has changed";
  adam.zero_grad(false);
  EXPECT_EQ(numbers(w.grad()), (Numbers{0, 0}));
  adam.zero_grad();
  EXPECT_FALSE(w.grad().defined());
}

TEST(TensorOptim, EveryPositionAndLayoutGivesTheSameBits) {
  const std::int64_t n = 67;
  for (const DType dtype : {DType::Float32, DType::Float64}) {
    const Tensor start = randn({n}, dtype), gradient = randn({n}, dtype);
    const auto step = [&](Tensor p, const Tensor& g) {
      const Tensor state[] = {zeros(p.shape(), dtype), zeros(p.shape(), dtype), zeros(p.shape(), dtype)};
      const optim::AdamOptions options{.lr = 0.1, .weight_decay = 0.1, .amsgrad = true};
      optim::adam_({&p, 1}, {&g, 1}, {&state[0], 1}, {&state[1], 1}, {&state[2], 1}, 1, options, true);
      optim::sgd_({&p, 1}, {&g, 1}, {&state[0], 1}, {.lr = 0.1, .momentum = 0.9, .weight_decay = 0.1}, false);
    };
    const Tensor whole = clone(start);
    step(whole, gradient);
    const Tensor pieces = clone(start);
    for (std::int64_t from = 0, length = 1; from < n; from += length, ++length)
      step(narrow(pieces, 0, from, std::min(length, n - from)), narrow(gradient, 0, from, std::min(length, n - from)));
    EXPECT_TRUE(same_bits(whole, pieces));
    const Tensor wide = zeros({n, 2}, dtype);  // a column: its numbers do not lie side by side
    Tensor column = select(wide, 1, 1);
    column.copy_(start);
    step(column, select(stack(std::vector{gradient, gradient}, 1), 1, 0));
    EXPECT_TRUE(same_bits(whole, contiguous(column)));
    EXPECT_EQ(numbers(select(wide, 1, 0)), Numbers(static_cast<std::size_t>(n), 0)) << "and nothing else";
  }
}

TEST(TensorOptim, EdgeValues) {
  const Numbers edges{HUGE_VAL, kNaN, -0.0};
  const Tensor w = tensor(edges, {3}, DType::Float64), g = tensor({1, 1, kNaN}, {3}, DType::Float64);
  optim::sgd_({&w, 1}, {&g, 1}, {}, {.lr = 0.1}, true);
  EXPECT_EQ(numbers(w)[0], HUGE_VAL) << "without weight decay a parameter meets no 0 · inf";
  EXPECT_TRUE(std::isnan(numbers(w)[1]) && std::isnan(numbers(w)[2]));
  const Tensor none = zeros({0, 3}, DType::Float64);
  optim::sgd_({&none, 1}, {&none, 1}, {}, {}, true);

  // The largest second moment keeps a NaN, as torch.maximum does.
  const Tensor p = zeros({2}, DType::Float64), m = zeros({2}, DType::Float64), v = zeros({2}, DType::Float64);
  const Tensor largest = tensor({kNaN, 0}, {2}, DType::Float64), grad = tensor({1, kNaN}, {2}, DType::Float64);
  optim::adam_({&p, 1}, {&grad, 1}, {&m, 1}, {&v, 1}, {&largest, 1}, 1, {}, false);
  EXPECT_TRUE(std::isnan(numbers(largest)[0]) && std::isnan(numbers(largest)[1]));
}

TEST(TensorOptim, ErrorsComeBeforeAnyWork) {
  const std::vector<Tensor> two{ones({2}), ones({3})}, wrong_shape{ones({2}), ones({2})}, one{ones({2})}, empty(2);
  const std::vector<Tensor> wrong_dtype{ones({2}), ones({3}, DType::Float64)}, whole{ones({2}), ones({3}, DType::Int64)};
  expect_error<ShapeError>("sgd_: parameter 1 is (3,) but its gradient is (2,)", [&] { optim::sgd_(two, wrong_shape, {}, {}, true); });
  expect_error<DTypeError>("sgd_: parameter 1 is float32 but its gradient is float64; convert one with .to()",
                           [&] { optim::sgd_(two, wrong_dtype, {}, {}, true); });
  expect_error<ValueError>("sgd_: 2 parameters but 1 gradients", [&] { optim::sgd_(two, one, {}, {}, true); });
  expect_error<ValueError>("sgd_: 2 parameters but 0 velocities", [&] { optim::sgd_(two, two, {}, {.momentum = 0.9}, true); });
  expect_error<ShapeError>("sgd_: parameter 1 is (3,) but its velocity is (2,)",
                           [&] { optim::sgd_(two, two, wrong_shape, {.momentum = 0.9}, true); });
  expect_error<DTypeError>("sgd_: needs a floating-point tensor, not int64; convert it with .float() or .double()",
                           [&] { optim::sgd_(whole, whole, {}, {}, true); });
  expect_error<ValueError>("adam_: parameter 0 has no first moment", [&] { optim::adam_(two, two, empty, two, {}, 1, {}, false); });
  expect_error<ShapeError>("adam_: parameter 1 is (3,) but its largest second moment is (2,)",
                           [&] { optim::adam_(two, two, two, two, wrong_shape, 1, {}, false); });
  expect_error<ValueError>("adam_: steps are counted from 1, not 0", [&] { optim::adam_(two, two, two, two, {}, 0, {}, false); });
  for (const Tensor& x : two) EXPECT_EQ(x.version(), 0u);

  const Tensor w = leaf(1);
  expect_error<ValueError>("Invalid learning rate: -0.5", [&] { optim::SGD({w}, {.lr = -0.5}); });
  expect_error<ValueError>("Nesterov momentum requires a momentum and zero dampening", [&] { optim::SGD({w}, {.nesterov = true}); });
  expect_error<ValueError>("Invalid epsilon value: nan", [&] { optim::AdamW({w}, {.eps = kNaN}); });
  expect_error<ValueError>("optimizer got an empty parameter list", [&] { optim::Adam({}, {}); });
  expect_error<ValueError>("can't optimize a non-leaf Tensor", [&] { optim::Adam({w, w * 2.0}, {}); });
  expect_error<ValueError>("optimizer contains a parameter group with duplicate parameters", [&] { optim::SGD({w, w}); });
}

// --- training ------------------------------------------------------------------------------------------------------
template <class Optimizer, class Options>
void expect_flat_training(const Options& options) {
  manual_seed(4);
  nn::MLP model({8, 16, 16, 3}, {.activation = Activation::Tanh});
  Optimizer optimizer(model.parameters(), options);
  const Tensor x = randn({32, 8}), labels = argmax(narrow(x, 1, 0, 3), 1);
  double first = 0, last = 0;
  const auto step = [&] {
    optimizer.zero_grad();
    const Tensor loss = cross_entropy(model(x), labels);
    loss.backward();
    optimizer.step();
    last = loss.item();
    if (first == 0) first = last;
  };
  for (int k = 0; k < 20; ++k) step();
  const PoolCounters before = pool_counters();
  for (int k = 0; k < 1000; ++k) step();
  EXPECT_EQ(pool_counters().system_calls, before.system_calls) << "the pool went to the system";
  EXPECT_EQ(pool_counters().live_bytes, before.live_bytes) << "memory stays in use";
  EXPECT_LT(last, 0.1 * first) << "and it learns";
}

TEST(TensorOptim, TrainingTakesNoMemory) {
  expect_flat_training<optim::SGD>(optim::SGDOptions{.lr = 0.1, .momentum = 0.9});
  expect_flat_training<optim::AdamW>(optim::AdamWOptions{.lr = 0.01, .amsgrad = true});
}

}  // namespace
}  // namespace trigrad::testing
