// expect: static assertion failed
// A structural op's attributes are copied byte by byte, so they must allow it: no std::string, no std::vector.
#include <trigrad/tensor/structural.hpp>

#include <vector>

struct Listed {
  struct Attrs {
    std::vector<int> dims;
  };
  static constexpr trigrad::OpInfo info{.name = "listed"};
  static trigrad::Tensor forward(const trigrad::Tensor& x, const Attrs&) { return x; }
  static trigrad::Tensor gx(const trigrad::Tensor& g, const trigrad::Tensor&, const trigrad::Tensor&, const Attrs&) { return g; }
};

void use(const trigrad::Tensor& x) { trigrad::apply_op<Listed>({}, x); }
