// The loops of trigrad/ops/trigonometric.hpp: instantiated here, once, by taking the address of each op's row.

#include <trigrad/tensor/kernels.hpp>
#include <trigrad/tensor/row_list.hpp>

namespace trigrad {

template <>
RowList rows_of_list<Trigonometric>() {
  return collect_rows<Trigonometric>();
}

}  // namespace trigrad
