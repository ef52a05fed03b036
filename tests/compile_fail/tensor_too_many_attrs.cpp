// expect: attributes of an elementwise op are at most two doubles
// A third one has no place to travel in.
#include <trigrad/tensor/kernels.hpp>

struct Cubic : trigrad::Unary<Cubic> {
  struct Attrs {
    double a = 1, b = 1, c = 1;
  };
  static constexpr trigrad::OpInfo info{.name = "cubic"};
  static auto forward(auto x, const Attrs& at) { return trigrad::like(x, at.a + at.b + at.c) * x; }
  static auto gx(auto g, auto /*x*/, auto /*z*/, const Attrs& at) { return trigrad::like(g, at.a + at.b + at.c) * g; }
};

void use(const trigrad::Tensor& x) { trigrad::Tensor::apply<Cubic>({}, x); }
