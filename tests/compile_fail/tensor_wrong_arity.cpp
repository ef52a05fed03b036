// expect: static assertion failed
// A binary op takes two inputs.
#include <trigrad/tensor/tensor.hpp>

void use(const trigrad::Tensor& x) { trigrad::Tensor::apply<trigrad::Mul>({}, x); }
