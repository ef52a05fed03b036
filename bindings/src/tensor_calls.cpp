// What stands in front of every bound function. It does two things that pybind11 does not do well:
//
// - Keywords. pybind11 looks for a parameter among them by making a Python string of its name, at every call and for every
//   parameter, which takes longer than a small operation. Here they are put in their places first.
// - A call that does not fit. pybind11 answers with every signature and every argument's repr; a learner needs one line:
//   which argument, what was given, what the call looks like. trigrad.tensor_cpp._explain, imported only then, writes it.

#include "tensor_binding.hpp"

namespace trigrad {
namespace {

using Entry = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*);
Entry dispatch = nullptr;  // pybind11's entry, one for all its functions

void explain(PyObject* const* args, Py_ssize_t given, PyObject* names) {
  py::error_already_set error;  // takes the error
  const std::string text = py::str(error.value()).cast<std::string>();
  const bool misfit = text.find("incompatible function arguments") != std::string::npos;
  const bool misconstructed = text.find("incompatible constructor arguments") != std::string::npos;
  if (!misfit && !misconstructed) {
    error.restore();
    return;
  }
  const Py_ssize_t named = names ? PyTuple_GET_SIZE(names) : 0;
  py::list positional;
  py::dict keywords;
  for (Py_ssize_t k = 0; k < given; ++k) positional.append(py::handle(args[k]));
  for (Py_ssize_t k = 0; k < named; ++k) keywords[py::handle(PyTuple_GET_ITEM(names, k))] = py::handle(args[given + k]);
  try {
    const auto line = py::module_::import("trigrad.tensor_cpp._explain").attr("explain")(text, positional, keywords);
    PyErr_SetObject(PyExc_TypeError, line.ptr());
  } catch (py::error_already_set& another) {
    another.restore();
  }
}

// The arguments by position, with defaults where a keyword skips a parameter. Returns how many there are; 0 leaves the call
// to pybind11: a keyword is unknown, was given by position too, or has no position, or there are overloads.
constexpr Py_ssize_t kMostPlaced = 16;
Py_ssize_t place(PyObject* self, PyObject* const* args, Py_ssize_t given, PyObject* names, PyObject** placed) {
  const py::detail::function_record& function = *py::detail::function_record_ptr_from_PyObject(self);
  const auto places = static_cast<Py_ssize_t>(std::min<std::size_t>({function.nargs_pos, function.args.size(), kMostPlaced}));
  const Py_ssize_t named = PyTuple_GET_SIZE(names);
  if (function.next || given > places) return 0;
  std::copy_n(args, given, placed);
  Py_ssize_t at = given;
  for (Py_ssize_t left = named; left > 0; ++at) {
    if (at == places) return 0;
    const py::detail::argument_record& parameter = function.args[static_cast<std::size_t>(at)];
    placed[at] = parameter.value.ptr();
    for (Py_ssize_t k = 0; k < named; ++k)
      if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, k), parameter.name) == 0) {
        placed[at] = args[given + k];
        --left;
      }
    if (!placed[at]) return 0;
  }
  return at;
}

PyObject* call(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  const Py_ssize_t given = PyVectorcall_NARGS(static_cast<std::size_t>(count));
  PyObject* placed[kMostPlaced];
  const Py_ssize_t by_position = names ? place(self, args, given, names, placed) : 0;
  PyObject* result = by_position > 0 ? dispatch(self, placed, by_position, nullptr) : dispatch(self, args, count, names);
  if (!result && PyErr_ExceptionMatches(PyExc_TypeError)) explain(args, given, names);
  return result;
}

void explain_misfits(py::handle function) {
  if (PyInstanceMethod_Check(function.ptr())) function = PyInstanceMethod_GET_FUNCTION(function.ptr());
  if (!PyCFunction_Check(function.ptr())) return;
  PyMethodDef* def = reinterpret_cast<PyCFunctionObject*>(function.ptr())->m_ml;
  if (def->ml_flags != (METH_FASTCALL | METH_KEYWORDS)) return;
  const auto entry = reinterpret_cast<Entry>(reinterpret_cast<void (*)()>(def->ml_meth));
  if (!dispatch) dispatch = entry;
  if (entry == dispatch) def->ml_meth = reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(call));
}

}  // namespace

void explain_wrong_calls(py::module_& m) {
  py::register_local_exception_translator([](std::exception_ptr thrown) {  // a number too large, an object of a wrong kind
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const py::cast_error& error) {
      const std::string text = error.what();
      const std::size_t from = text.find("<class "), to = text.find('>');
      const bool number = text.find("<class 'int'>") != std::string::npos;
      const std::string line =
          number ? "an int does not fit: it needs more than 64 bits"
                 : "an argument has a type that does not fit: " + text.substr(from, to == std::string::npos ? to : to - from + 1);
      py::set_error(number ? PyExc_OverflowError : PyExc_TypeError, line.c_str());
    }
  });
  for (const auto& [name, value] : py::reinterpret_borrow<py::dict>(m.attr("__dict__"))) {
    explain_misfits(value);
    if (!PyType_Check(value.ptr())) continue;
    for (const auto& entry : py::list(value.attr("__dict__").attr("values")())) {
      explain_misfits(entry);
      if (PyObject_TypeCheck(entry.ptr(), &PyProperty_Type) && !entry.attr("fset").is_none()) explain_misfits(entry.attr("fset"));
    }
  }
}

}  // namespace trigrad
