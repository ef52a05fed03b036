// The op list as data: what bindings, documentation and tests iterate.
#pragma once

#include <trigrad/tensor/row_list.hpp>

namespace trigrad {

const RowList& elementwise_rows();

struct StructuralRecord {
  const OpInfo* info;
  int inputs;  // of its node; 0 where the op is written in terms of others
};
std::vector<StructuralRecord> structural_records();

}  // namespace trigrad
