// expect: 'gx' is not a member of 'NoRule'
// An elementwise op that is differentiable (the default of `info`) but has no rule gets no row.
#include <trigrad/tensor/kernels.hpp>

struct NoRule : trigrad::Unary<NoRule> {
  static constexpr trigrad::OpInfo info{.name = "no_rule"};
  static auto forward(auto x) { return x; }
};

void use(const trigrad::Tensor& x) { trigrad::Tensor::apply<NoRule>({}, x); }
