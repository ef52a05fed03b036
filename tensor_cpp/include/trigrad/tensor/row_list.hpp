// All rows of an op list, for what goes over every op: the bindings and the tests.
#pragma once

#include <trigrad/tensor/row.hpp>

#include <vector>

namespace trigrad {

struct NamedRow {
  const OpRow& (*row)();            // a pointer, so that the compiler must emit the function for other files to call
  std::array<double, 2> defaults;  // of the attributes
  std::size_t attr_count;
};
using RowList = std::vector<NamedRow>;

template <class List>
RowList collect_rows() {
  RowList rows;
  List::for_each([&]<class Op>(Op) { rows.push_back({row_of<Op>, pack<Op>(typename Op::Attrs{}), attr_count<Op>}); });
  return rows;
}

template <class List>
RowList rows_of_list();  // one specialisation per list, in src/rows_*.cpp

}  // namespace trigrad
