// expect: no match for 'operator+' (operand types are 'trigrad::Value' and 'trigrad::Tensor')
// Two engines, two graphs: a Value and a Tensor do not meet.
#include <trigrad/scalar.hpp>
#include <trigrad/tensor/ops.hpp>

void use(trigrad::Value v, trigrad::Tensor t) { v + t; }
