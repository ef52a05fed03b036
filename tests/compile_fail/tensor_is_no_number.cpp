// expect: cannot convert 'const trigrad::Tensor' to 'double'
// A Tensor never decays to a number silently: that would lose its gradient. item() says so aloud.
#include <trigrad/tensor/ops.hpp>

double area(double side);
void use(const trigrad::Tensor& x) { area(x); }
