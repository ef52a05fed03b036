// Two operations of your own: a struct each, nothing to register. Afterwards they are ops like any other.
#include <trigrad/tensor/kernels.hpp>
#include <trigrad/tensor/ops.hpp>
#include <trigrad/tensor/structural.hpp>

#include <cmath>
#include <cstdio>

namespace mine {
using namespace trigrad;  // exp, log1p, tanh, like, ... for numbers; handles find theirs by themselves

// Elementwise: one formula and one rule per input, written once for floats, doubles and recorded tensors. The engine
// adds broadcasting, types, vectorised loops, and second derivatives.
struct Mish : Unary<Mish> {
  static constexpr OpInfo info{.name = "mish", .formula = "x tanh(ln(1 + e^x))", .saves = {X}};  // the rule reads x
  static auto forward(auto x) { return x * tanh(log1p(exp(x))); }
  static auto gx(auto g, auto x, auto /*z*/) {
    const auto t = tanh(log1p(exp(x)));
    return g * (t + x * ((like(x, 1) - t * t) * sigmoid(x)));
  }
};

// Structural: whole tensors in and out. `forward` runs unrecorded; the rule is made of ops, so that it can be recorded.
struct RowNorm {
  struct Attrs {
    double eps;
  };
  static constexpr OpInfo info{.name = "row_norm", .saves = {Saved::X}};
  static Tensor scale(const Tensor& x, const Attrs& at) { return rsqrt(mean(square(x), {-1}, true) + at.eps); }
  static Tensor forward(const Tensor& x, const Attrs& at) { return x * scale(x, at); }
  static Tensor gx(const Tensor& g, const Tensor& x, const Tensor& /*z*/, const Attrs& at) {
    const Tensor s = scale(x, at);
    return s * (g - x * (s * s * mean(g * x, {-1}, true)));
  }
};
}  // namespace mine

int main() {
  using namespace trigrad;
  const Tensor x = tensor({-1, 0.5, 2, 3, 1, -2}, {2, 3}, DType::Float64).set_requires_grad();
  const auto f = [](const Tensor& t) { return sum(square(apply_op<mine::RowNorm>({1e-5}, Tensor::apply<mine::Mish>({}, t)) + t)); };

  f(x).backward();
  std::printf("gradient by the rules  %s\n", to_string(x.grad()).c_str());

  // Is it right? Move each element a little and watch the result.
  Tensor slopes = zeros({2, 3}, DType::Float64), moved = clone(x.detach());
  for (int k = 0; k < 6; ++k) {
    double& place = moved.data<double>()[k];
    const double at = place, h = 1e-5;
    place = at + h;
    const double above = f(moved).item();
    place = at - h;
    slopes.data<double>()[k] = (above - f(moved).item()) / (2 * h);
    place = at;
  }
  std::printf("gradient by differences %s\n", to_string(slopes).c_str());
  const double error = max(abs(x.grad() - slopes)).item();
  std::printf("largest difference %.1e\n", error);
  return error < 1e-8 ? 0 : 1;
}
