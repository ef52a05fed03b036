// The Python extension trigrad._core: one submodule per C++ engine, and the translation of their errors.

#include "convert.hpp"

#include <trigrad/tensor/counting.hpp>

void bind_scalar(py::module_& m);  // scalar_module.cpp; makes the submodule `scalar`
namespace trigrad {
void bind_tensor(py::module_& m);
}  // namespace trigrad

namespace {

// The Python class for each C++ error, from trigrad.errors or built in.
PyObject* python_type(const trigrad::Error& error) {
  const auto ours = [](const char* name) { return py::object(py::module_::import("trigrad.errors").attr(name)).release().ptr(); };
  if (dynamic_cast<const trigrad::ShapeError*>(&error)) return ours("ShapeError");
  if (dynamic_cast<const trigrad::DTypeError*>(&error)) return ours("DTypeError");
  if (dynamic_cast<const trigrad::GraphError*>(&error)) return ours("GraphError");
  if (dynamic_cast<const trigrad::ThreadError*>(&error)) return ours("ThreadError");
  if (dynamic_cast<const trigrad::DepthError*>(&error)) return ours("DepthError");
  if (dynamic_cast<const trigrad::AnomalyError*>(&error)) return ours("AnomalyError");
  if (dynamic_cast<const trigrad::CaptureError*>(&error)) return ours("CaptureError");
  if (dynamic_cast<const trigrad::ValueError*>(&error)) return PyExc_ValueError;
  if (dynamic_cast<const trigrad::TypeError*>(&error)) return PyExc_TypeError;
  if (dynamic_cast<const trigrad::IndexError*>(&error)) return PyExc_IndexError;
  if (dynamic_cast<const trigrad::NotImplemented*>(&error)) return PyExc_NotImplementedError;
  return PyExc_RuntimeError;
}

}  // namespace

PYBIND11_MODULE(_core, m) {
#ifndef Py_GIL_DISABLED
  trigrad::counts_are_guarded = true;  // by the interpreter's lock, which no function here lets go of
#endif
  m.doc() = "The C++ engines of trigrad. Use trigrad.tensor_cpp and trigrad.scalar_cpp.";
  m.attr("version") = TRIGRAD_VERSION;
  py::register_exception_translator([](std::exception_ptr thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const trigrad::Error& error) {
      py::set_error(python_type(error), error.what());
    }
  });
#ifdef TRIGRAD_MUTANTS
  m.def(
      "_set_mutant", [](std::string_view name) { trigrad::active_mutant().set(name); }, "Switches a planted fault on; '' switches it off.");
  m.def("_mutant_reached", [] { return trigrad::active_mutant().reached; });
#endif
  bind_scalar(m);
  auto tensor = m.def_submodule("tensor", "The tensor engine.");
  trigrad::bind_tensor(tensor);
}
