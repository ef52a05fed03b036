// One dim brought to the end, where kernels see its numbers as rows, and brought back. The other dims keep their order.
#pragma once

#include <trigrad/tensor/ops.hpp>

namespace trigrad {

struct LastDim {
  bool there;             // it is the last one already
  std::int64_t B = 1, C;  // rows and their length
  Dims order, inverse;

  LastDim(const Tensor& x, int dim) : there(x.ndim() == 0 || dim == x.ndim() - 1), C(x.ndim() ? x.size(dim) : 1) {
    for (int k = 0; k < x.ndim(); ++k) {
      if (k != dim) order.push_back(k), B *= x.size(k);
      inverse.push_back(k < dim ? k : k == dim ? x.ndim() - 1 : k - 1);
    }
    if (x.ndim()) order.push_back(dim);
  }
  Tensor of(const Tensor& x) const { return contiguous_data(there ? x : permute(x, order)); }      // (B, C), row behind row
  Tensor back(const Tensor& rows) const { return there ? rows : permute(rows, inverse); }          // a view
};

}  // namespace trigrad
