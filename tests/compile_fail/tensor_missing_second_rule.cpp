// expect: 'gy' is not a member of 'HalfRule'
// A binary op needs a rule for each of its inputs.
#include <trigrad/tensor/kernels.hpp>

struct HalfRule : trigrad::Binary<HalfRule> {
  static constexpr trigrad::OpInfo info{.name = "half_rule"};
  static auto forward(auto x, auto y) { return x * y; }
  static auto gx(auto g, auto /*x*/, auto y, auto /*z*/) { return g * y; }
};

void use(const trigrad::Tensor& x) { trigrad::Tensor::apply<HalfRule>({}, x, x); }
