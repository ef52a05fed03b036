// expect: no matching function for call to 'relu(const char [2])'
// The functions of the list take tensors; text is refused at the call.
#include <trigrad/tensor/ops.hpp>

void use() { trigrad::relu("1"); }
