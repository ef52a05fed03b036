// Feeds strided, broadcast, mixed-type tensors to kernels that see plain blocks of numbers.
#pragma once

#include <trigrad/tensor/tensor.hpp>

namespace trigrad {

// out = block(attrs, in...) over out's shape; every input broadcasts to it. Numbers are converted to `compute` on the way
// in and to out's dtype on the way out. `out` must not overlap an input.
void run_block(Block block, ComputeType compute, const PackedAttrs& attrs, std::span<const Tensor* const> in, const Tensor& out);

}  // namespace trigrad
