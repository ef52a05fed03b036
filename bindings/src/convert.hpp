// Between Python's values and the tensor engine's: dtypes, shapes, arrays, anything that can stand for a tensor.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <trigrad/tensor/graph.hpp>
#include <trigrad/tensor/ops.hpp>

#include "tensor_object.hpp"

namespace trigrad {

py::object numpy_dtype(DType dtype);            // np.dtype("float32"), ...
DType dtype_from(py::handle object);            // anything np.dtype() takes; DTypeError unless one of the four
std::optional<DType> maybe_dtype(py::handle object);  // None: nothing

std::int64_t index_from(py::handle object);
bool is_whole(py::handle object);
Dims dims_from(std::string_view op, py::handle object);   // an int or a sequence of ints
Dims dims_from_args(std::string_view op, const py::args& args);  // f(2, 3) or f((2, 3))
Dims dims_or_all(std::string_view op, py::handle object);  // None: no dims

py::tuple tuple_of(std::span<const std::int64_t> numbers);  // a shape or strides

// Shares memory with an array of one of the four dtypes, in native order; others are converted (and copied).
Tensor tensor_from_array(const py::array& array, bool copy, std::optional<DType> dtype = {});
py::array array_from_tensor(const Tensor& x);  // shares memory

py::array array_from(std::string_view op, py::handle data);  // np.asarray(data); ValueError for what is none

// What stands beside a tensor: a tensor, a number, an array or nested lists. Python's numbers, alone or in lists, are weak:
// they count in promotion by category only. TypeError in the name of `op` for a tensor of another engine.
Tensor as_operand(std::string_view op, py::handle object);
// The same where it stands alone: what tensor(object) would be, or the tensor itself.
Tensor as_tensor(std::string_view op, py::handle object);
// Numbers take the dtype that they and the tensors beside them promote to, or what tensor() would give them all.
void settle(std::span<Tensor> operands);
template <class... Objects>
std::array<Tensor, sizeof...(Objects)> settled(std::string_view op, const Objects&... objects) {
  std::array<Tensor, sizeof...(Objects)> operands{as_operand(op, objects)...};
  settle(operands);
  return operands;
}

// One number in that dtype; a whole one keeps all its digits. ShapeError in the name of `op` and its `argument` for more.
Tensor one_number(std::string_view op, std::string_view argument, py::handle object, DType dtype);

// An object that may be dropped by any thread.
std::shared_ptr<py::object> shared_object(py::object object);

}  // namespace trigrad
