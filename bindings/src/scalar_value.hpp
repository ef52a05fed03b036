// trigrad.scalar_cpp.Value: micrograd's Value as a raw CPython type. What its two files share.
// Read before: scalar_graph.hpp. Then scalar_value.cpp (the type) and scalar_copy.cpp (pickle, copy, deepcopy).
#pragma once

#include "scalar_graph.hpp"

namespace trigrad::python {

extern PyTypeObject* value_type;

// Makes the type; returns a new reference, or null with a Python error set.
PyObject* make_value_type();

inline ValueObject* as_value(PyObject* object) { return reinterpret_cast<ValueObject*>(object); }
inline PyObject* as_object(ValueObject* value) { return reinterpret_cast<PyObject*>(value); }
inline bool is_value(PyObject* object) { return Py_TYPE(object) == value_type || PyObject_TypeCheck(object, value_type); }

// A new object for no node yet. May run the cycle collector, hence any Python code: call it before make_room.
ValueObject* allocate(PyTypeObject* type);
PyObject* attach(ValueObject* object, Graph& graph, NodeId id);

PyObject* get_dict(PyObject* self, void* unused);
bool is_worth_keeping(PyObject* dict);  // numbers and strings only

// Sets the Python error that the C++ exception in flight stands for.
void raise_python_error();

// Runs the body of a slot: C++ errors become Python's.
template <class Result, class Body>
Result guarded(Result on_error, Body&& body) {
  try {
    return body();
  } catch (...) {
    raise_python_error();
    return on_error;
  }
}

// scalar_copy.cpp
PyObject* reduce_value(PyObject* self, PyObject* protocol);
PyObject* set_value_state(PyObject* self, PyObject* state);
PyObject* rebuild_value(PyObject* type, PyObject* args);
PyObject* copy_value(PyObject* self, PyObject* unused);
PyObject* deepcopy_value(PyObject* self, PyObject* memo);

}  // namespace trigrad::python
