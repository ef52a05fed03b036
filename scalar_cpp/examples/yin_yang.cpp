// EurekaLabs' demo: 2 → 8 → 3 with tanh learns the yin-yang picture; cross-entropy, AdamW, xorshift64* from seed 42.
// The training loss goes from 1.0122152826 to 0.0390609111 in 100 steps, as it does in their Python, PyTorch and JavaScript.
#include <trigrad/scalar.hpp>

#include <cmath>
#include <cstdio>
#include <vector>

namespace {
using namespace trigrad;

struct Point {
  std::vector<double> x;
  std::size_t target;
};

// 0 the dark part, 1 the light part, 2 the two dots.
std::size_t class_of(double x, double y) {
  const double right = std::hypot(x - 0.75, y - 0.5), left = std::hypot(x - 0.25, y - 0.5);
  if (right < 0.1 || left < 0.1) return 2;
  const bool dark = right <= 0.1 || (left > 0.1 && left <= 0.25) || (y > 0.5 && right > 0.25);
  return dark ? 0 : 1;
}

Point draw_point(XorShift64Star& random, std::size_t target) {
  for (;;) {
    const double x = random.random(), y = random.random();
    if (std::hypot(x - 0.5, y - 0.5) > 0.5 || class_of(x, y) != target) continue;
    return {{(x / 0.5 - 1) * 2, (y / 0.5 - 1) * 2}, target};
  }
}

Value cross_entropy(const std::vector<Value>& logits, std::size_t target) {
  Value total = 0.0;
  std::vector<Value> exps;
  for (const Value& logit : logits) total += exps.emplace_back(exp(logit));
  return -log(exps[target] / total);
}

Value loss_of(const MLP& model, const std::vector<Point>& points) {
  Value total = 0.0;
  for (const Point& p : points) total += cross_entropy(model(p.x), p.target);
  return total * (1.0 / static_cast<double>(points.size()));
}
}  // namespace

int main() {
  XorShift64Star random(42);
  std::vector<Point> points;
  for (std::size_t k = 0; k < 100; ++k) points.push_back(draw_point(random, k % 3));
  const std::vector<Point> train(points.begin(), points.begin() + 80), validation(points.begin() + 80, points.begin() + 90);

  // Weights are drawn from ±1/√inputs: 16 for the two inputs first, then 24 for the eight hidden units.
  std::size_t drawn = 0;
  MLP model(2, {8, 3}, [&] { return random.uniform(-1, 1) * std::pow(drawn++ < 16 ? 2.0 : 8.0, -0.5); }, Nonlinearity::Tanh);
  AdamW optimizer({.lr = 1e-1, .betas = {0.9, 0.95}, .weight_decay = 1e-4});
  const Tape::Mark parameters = tape().mark();
  for (int step = 0; step < 100; ++step) {
    tape().rewind(parameters);
    if (step % 10 == 0) std::printf("step %2d  validation loss %.6f\n", step, loss_of(model, validation).data);
    const Value loss = loss_of(model, train);
    loss.backward();
    optimizer.step(model);
    model.zero_grad();
    if (step % 10 == 0 || step == 99) std::printf("step %2d  train loss %.10f\n", step, loss.data);
  }
}
