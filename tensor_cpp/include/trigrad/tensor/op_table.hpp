// The op list as data: what bindings, documentation and tests iterate.
#pragma once

#include <trigrad/tensor/row_list.hpp>

namespace trigrad {

const RowList& elementwise_rows();
std::vector<const OpInfo*> structural_infos();

}  // namespace trigrad
