// A small network learns to tell two moons apart: the whole of training, in plain tensor operations.
//
// Compare scalar_cpp/examples/moons.cpp: the same idea with one graph node per number instead of one per layer.
#include <trigrad/tensor/graph.hpp>
#include <trigrad/tensor/ops.hpp>

#include <cmath>
#include <cstdio>
#include <numbers>
#include <vector>

namespace {
using namespace trigrad;

struct Layer {
  Tensor weight, bias;  // (out, in) and (out)
  Layer(std::int64_t in, std::int64_t out) : weight(randn({out, in}) * (1 / std::sqrt(static_cast<double>(in)))), bias(zeros({out})) {
    weight.set_requires_grad();
    bias.set_requires_grad();
  }
};

// Two half circles, the second upside down and shifted into the first; x (n, 2), labels (n): the first half is class 0.
struct Moons {
  Tensor x, labels;
  explicit Moons(std::int64_t n) {
    const Tensor angle = rand({n / 2}) * std::numbers::pi;
    const Tensor upper[] = {cos(angle), sin(angle)}, lower[] = {1.0 - cos(angle), 0.5 - sin(angle)};
    const Tensor both[] = {stack(upper, 1), stack(lower, 1)};
    x = cat(both) + randn({n, 2}) * 0.1;
    labels = to_dtype(arange(0, static_cast<double>(n)) >= static_cast<double>(n / 2), DType::Int64);
  }
};
}  // namespace

int main() {
  manual_seed(1);
  const Moons moons(200);
  std::vector<Layer> layers{{2, 16}, {16, 16}, {16, 2}};

  for (int step = 0; step <= 200; ++step) {
    Tensor h = moons.x;
    for (std::size_t k = 0; k < layers.size(); ++k)  // the activation is part of the layer's one node
      h = linear(h, layers[k].weight, layers[k].bias, k + 1 < layers.size() ? Activation::Relu : Activation::None);
    const Tensor loss = cross_entropy(h, moons.labels);
    loss.backward();

    {
      const NoGrad guard;  // parameters may be changed in place only where nothing is recorded
      for (Layer& layer : layers)
        for (Tensor* parameter : {&layer.weight, &layer.bias}) {
          parameter->sub_(parameter->grad() * 0.5);
          parameter->grad().zero_();  // gradients accumulate until somebody clears them
        }
    }

    if (step % 20 == 0) {
      const double right = sum(argmax(h, 1) == moons.labels).item();
      std::printf("step %3d  loss %.4f  accuracy %5.1f %%\n", step, loss.item(), 100 * right / 200);
    }
  }
}
