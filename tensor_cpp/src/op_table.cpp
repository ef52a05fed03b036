// The op list as data (see op_table.hpp).

#include <trigrad/tensor/op_table.hpp>
#include <trigrad/tensor/structural_ops.hpp>

namespace trigrad {

template <> RowList rows_of_list<Arithmetic>();
template <> RowList rows_of_list<Exponential>();
template <> RowList rows_of_list<Trigonometric>();
template <> RowList rows_of_list<Activations>();
template <> RowList rows_of_list<Comparisons>();

const RowList& elementwise_rows() {
  static const RowList rows = [] {
    RowList all;
    for (const RowList& part : {rows_of_list<Arithmetic>(), rows_of_list<Exponential>(), rows_of_list<Trigonometric>(),
                                rows_of_list<Activations>(), rows_of_list<Comparisons>()})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return rows;
}

std::vector<const OpInfo*> structural_infos() {
  std::vector<const OpInfo*> infos;
  StructuralOps::for_each([&]<class Op>(Op) { infos.push_back(&Op::info); });
  return infos;
}

}  // namespace trigrad
