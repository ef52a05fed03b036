// The loops of trigrad/ops/arithmetic.hpp: instantiated here, once, by taking the address of each op's row.

#include <trigrad/tensor/kernels.hpp>
#include <trigrad/tensor/row_list.hpp>

namespace trigrad {

template <>
RowList rows_of_list<Arithmetic>() {
  return collect_rows<Arithmetic>();
}

}  // namespace trigrad
