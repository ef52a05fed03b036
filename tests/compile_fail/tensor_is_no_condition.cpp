// expect: could not convert
// `if (x > 0)` has no meaning for many elements: where(), any() or all() has.
#include <trigrad/tensor/ops.hpp>

void use(const trigrad::Tensor& x) {
  if (x > 0.0) return;
}
