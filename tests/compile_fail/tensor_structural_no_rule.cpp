// expect: 'gx' is not a member of 'Ruleless'
// A structural op has rules gx, gy, or one vjp for all inputs.
#include <trigrad/tensor/structural.hpp>

struct Ruleless {
  static constexpr trigrad::OpInfo info{.name = "ruleless"};
  using Attrs = trigrad::NoAttrs;
  static trigrad::Tensor forward(const trigrad::Tensor& x, const Attrs&) { return x; }
};

void use(const trigrad::Tensor& x) { trigrad::apply_op<Ruleless>({}, x); }
