// Neuron, Layer, MLP and the two generators: the first training steps of micrograd's moons demo, bit for bit the draws.
#include <trigrad/scalar.hpp>

#include <gtest/gtest.h>

#include <fstream>
#include <vector>

namespace {
using namespace trigrad;

TEST(ScalarNn, PythonRandomIsCPythons) {
  PythonRandom random(1337);
  EXPECT_EQ(random.random(), 0.6177528569514706);
  EXPECT_EQ(random.uniform(-1, 1), 0.06653114721000164);
  PythonRandom other(0);
  EXPECT_EQ(other.random(), 0.8444218515250481);
}

TEST(ScalarNn, XorShiftIsEurekaLabs) {
  XorShift64Star random(42);
  EXPECT_EQ(random.u32(), 1456360119u);
  EXPECT_EQ(random.u32(), 3359763283u);
  EXPECT_EQ(random.u32(), 3393612768u);
}

TEST(ScalarNn, ParametersComeInMicrogradsOrder) {
  PythonRandom random(1337);
  MLP model(2, {16, 16, 1}, [&] { return random.uniform(-1, 1); });
  std::vector<double> values;
  model.for_each_parameter([&](const Value& p) { values.push_back(p.data); });
  ASSERT_EQ(values.size(), 337u);
  PythonRandom again(1337);
  EXPECT_EQ(values[0], again.uniform(-1, 1));
  EXPECT_EQ(values[1], again.uniform(-1, 1));
  EXPECT_EQ(values[2], 0.0);
  EXPECT_EQ(values[3], again.uniform(-1, 1));
}

TEST(ScalarNn, NumbersAndConstantsAreTheSameInput) {
  PythonRandom random(3);
  MLP model(2, {4, 1}, [&] { return random.uniform(-1, 1); }, Nonlinearity::Tanh);
  const Value by_number = model(std::vector<double>{0.5, -1.5})[0];
  const Value by_value = model(std::vector<Value>{0.5, -1.5})[0];
  EXPECT_EQ(by_number.data, by_value.data);
  model.zero_grad();
  by_number.backward();
  std::vector<double> first, second;
  model.for_each_parameter([&](const Value& p) { first.push_back(p.grad()); });
  model.zero_grad();
  by_value.backward();
  model.for_each_parameter([&](const Value& p) { second.push_back(p.grad()); });
  EXPECT_EQ(first, second);
}

TEST(ScalarNn, TheMoonsDemoTrains) {
  std::vector<std::vector<double>> points;
  std::vector<double> sides;
  std::ifstream file(TRIGRAD_SOURCE_DIR "/tests/golden/moons.csv");
  char comma = 0;
  for (double x = 0, y = 0, side = 0; file >> x >> comma >> y >> comma >> side;) {
    points.push_back({x, y});
    sides.push_back(side);
  }
  ASSERT_EQ(points.size(), 100u);

  PythonRandom random(1337);
  MLP model(2, {16, 16, 1}, [&] { return random.uniform(-1, 1); });
  const Tape::Mark parameters = tape().mark();
  std::vector<double> losses;
  int right = 0;
  for (int step = 0; step < 100; ++step) {
    tape().rewind(parameters);
    Value hinge = 0.0, squares = 0.0;
    right = 0;
    for (std::size_t k = 0; k < points.size(); ++k) {
      const Value score = model(points[k])[0];
      hinge += relu(1.0 - sides[k] * score);
      right += (sides[k] > 0) == (score.data > 0);
    }
    model.for_each_parameter([&](const Value& w) { squares += w * w; });
    const Value loss = hinge * 0.01 + squares * 1e-4;
    losses.push_back(loss.data);
    model.zero_grad();
    loss.backward();
    const double rate = 1.0 - 0.9 * step / 100;
    model.for_each_parameter([&](Value& w) { w.data -= rate * w.grad(); });
  }
  EXPECT_NEAR(losses.front(), 0.8958441028683222, 1e-12);
  EXPECT_NEAR(losses[1], 1.723590533697202, 1e-11);
  EXPECT_NEAR(losses.back(), 0.0109784, 5e-8);
  EXPECT_EQ(right, 100);
}

}  // namespace
