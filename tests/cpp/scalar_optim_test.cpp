// SGD and AdamW on Values: by hand, and along the way that PyTorch took (tests/golden/optimisers.json).
#include "golden.hpp"

#include <trigrad/scalar.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <vector>

namespace trigrad::testing {
namespace {

// The file's steps up to the first one without a gradient, which Values do not know.
void follow(const Json& line, auto optimizer) {
  SCOPED_TRACE(line["optimizer"].get<std::string>() + " " + text_of(line["options"]));
  std::vector<Value> parameters;
  for (const Json& x : line["start"]) parameters.push_back(trigrad::leaf(x.get<double>()));
  for (std::size_t step = 0; !line["gradients"][step].is_null(); ++step) {
    for (std::size_t k = 0; k < parameters.size(); ++k) parameters[k].set_grad(line["gradients"][step][k].get<double>());
    optimizer.step(parameters);
    for (std::size_t k = 0; k < parameters.size(); ++k) {
      const double expected = line["values"][step][k].get<double>();
      EXPECT_NEAR(parameters[k].data, expected, 2e-15 * (1 + std::abs(expected))) << "step " << step << ", parameter " << k;
    }
  }
}

TEST(ScalarOptim, Golden) {
  int followed = 0;
  for (const Json& line : golden("optimisers.json")) {
    const Json& given = line["options"];
    if (line["dtype"] != "float64" || given.contains("nesterov") || given.contains("maximize") || given.contains("amsgrad")) continue;
    const double lr = given.value("lr", 1e-3);
    if (line["optimizer"] == "SGD" && !given.contains("dampening")) follow(line, SGD({.lr = lr, .momentum = given.value("momentum", 0.0)}));
    else if (line["optimizer"] == "AdamW")
      follow(line,
             AdamW({.lr = lr, .betas = given.value("betas", std::array{0.9, 0.999}), .weight_decay = given.value("weight_decay", 1e-2)}));
    else continue;
    ++followed;
  }
  EXPECT_EQ(followed, 4);
}

TEST(ScalarOptim, ByHand) {
  Value w = trigrad::leaf(1);
  const auto step = [&](auto& optimizer, double gradient) {
    w.set_grad(gradient);
    optimizer.step(std::span(&w, 1));
    return w.data;
  };
  SGD sgd({.lr = 0.1, .momentum = 0.5, .weight_decay = 1});
  EXPECT_DOUBLE_EQ(step(sgd, 2), 0.7);   // v = 2 + 1
  EXPECT_DOUBLE_EQ(step(sgd, 2), 0.28);  // v = 1.5 + 2 + 0.7
  sgd.set_lr(0);
  EXPECT_EQ(step(sgd, 2), w.data);
  w.data = 2;
  AdamW adamw({.lr = 0.1, .weight_decay = 0.5});
  EXPECT_NEAR(step(adamw, 3), 1.8, 1e-8);  // 2·(1 - 0.05) - 0.1
  EXPECT_EQ(adamw.lr(), 0.1);
}

TEST(ScalarOptim, AModelTrains) {
  PythonRandom random(1);
  MLP model(2, {4, 1}, [&] { return random.uniform(-1, 1); }, Nonlinearity::Tanh);
  AdamW optimizer({.lr = 0.05});
  const Tape::Mark parameters = tape().mark();
  double first = 0, last = 0;
  for (int step = 0; step < 200; ++step) {
    tape().rewind(parameters);
    Value loss = 0.0;
    for (const double x : {-1.0, 1.0})
      for (const double y : {-1.0, 1.0}) loss += pow(model(std::vector{x, y})[0] - x * y, 2.0);
    model.zero_grad();
    loss.backward();
    optimizer.step(model);
    last = loss.data;
    if (step == 0) first = last;
  }
  EXPECT_LT(last, 0.05 * first) << "exclusive or is learnt";
}

}  // namespace
}  // namespace trigrad::testing
