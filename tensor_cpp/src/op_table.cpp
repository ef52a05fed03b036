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

std::vector<StructuralRecord> structural_records() {
  std::vector<StructuralRecord> records;
  StructuralOps::for_each([&]<class Op>(Op) {
    int inputs = 0;
    if constexpr (requires(Tensor x, typename Op::Attrs at) { Op::forward(x, x, x, at); }) inputs = 3;
    else if constexpr (requires(Tensor x, typename Op::Attrs at) { Op::forward(x, at); }) inputs = 1;
    else if constexpr (requires(Tensor x, typename Op::Attrs at) { Op::forward(x, x, at); }) inputs = 2;
    records.push_back({&Op::info, inputs});
  });
  return records;
}

}  // namespace trigrad
