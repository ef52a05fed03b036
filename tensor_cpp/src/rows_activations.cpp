// The loops of trigrad/ops/activations.hpp: instantiated here, once, by taking the address of each op's row.

#include <trigrad/tensor/kernels.hpp>
#include <trigrad/tensor/row_list.hpp>

namespace trigrad {

template <>
RowList rows_of_list<Activations>() {
  return collect_rows<Activations>();
}

}  // namespace trigrad
