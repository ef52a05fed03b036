// The submodule trigrad._core.scalar: Value, and what the Python side of scalar_cpp.Tensor is built on.
#include "scalar_value.hpp"

#include <pybind11/pybind11.h>

namespace trigrad::python {
void bind_scalar_tensor(pybind11::module_& m);
}

void bind_scalar(pybind11::module_& m) {
  namespace py = pybind11;
  py::module_ scalar = m.def_submodule("scalar", "The scalar engine: Value, and the shaped arrays of its nodes.");
  PyObject* const type = trigrad::python::make_value_type();
  if (!type) throw py::error_already_set();
  scalar.add_object("Value", py::reinterpret_steal<py::object>(type));
  trigrad::python::bind_scalar_tensor(scalar);
}
