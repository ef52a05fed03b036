// expect: 'info' is not a member of 'Nameless'
// An op says what it is: errors, tables and drawings name it.
#include <trigrad/tensor/kernels.hpp>

struct Nameless : trigrad::Unary<Nameless> {
  static auto forward(auto x) { return x; }
  static auto gx(auto g, auto /*x*/, auto /*z*/) { return g; }
};

void use(const trigrad::Tensor& x) { trigrad::Tensor::apply<Nameless>({}, x); }
