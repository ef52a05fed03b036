// expect: attributes of an elementwise op are at most two doubles
// They travel as two doubles, so that one node layout and one kernel signature serve every op.
#include <trigrad/tensor/kernels.hpp>

struct Scaled : trigrad::Unary<Scaled> {
  struct Attrs {
    double factor = 1;
    int times = 1, offset = 0;
  };
  static constexpr trigrad::OpInfo info{.name = "scaled"};
  static auto forward(auto x, const Attrs& at) { return trigrad::like(x, at.factor) * x; }
  static auto gx(auto g, auto /*x*/, auto /*z*/, const Attrs& at) { return trigrad::like(g, at.factor) * g; }
};

void use(const trigrad::Tensor& x) { trigrad::Tensor::apply<Scaled>({}, x); }
