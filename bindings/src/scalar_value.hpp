// trigrad.scalar_cpp.Value: micrograd's Value as a raw CPython type. What its files share.
// Read before: scalar_graph.hpp. Read next: scalar_object.cpp.
#pragma once

#include "scalar_graph.hpp"

namespace trigrad::python {

extern PyTypeObject* value_type;

// Makes the type; returns a new reference, or null with a Python error set.
PyObject* make_value_type();

inline ValueObject* as_value(PyObject* object) { return reinterpret_cast<ValueObject*>(object); }
inline PyObject* as_object(ValueObject* value) { return reinterpret_cast<PyObject*>(value); }
inline bool is_value(PyObject* object) {  // floats are common, and to look through the bases of a type is a call
  return Py_TYPE(object) == value_type || (!PyFloat_CheckExact(object) && PyObject_TypeCheck(object, value_type));
}

// A new object for no node yet. May run the cycle collector, hence any Python code: call it before make_room.
ValueObject* allocate(PyTypeObject* type);
inline PyObject* attach(ValueObject* object, Graph& graph, NodeId id) {
  object->graph = &graph;
  object->id = id;
  graph.object[id] = object;
  ++graph.holders;
  return as_object(object);
}
void detach(ValueObject* object);
PyObject* revive(ValueObject* object, Graph& graph, NodeId id);  // for a node whose old object died: its label comes back

// The type's slots for an object's life and attributes.
void value_dealloc(PyObject* self);
int value_traverse(PyObject* self, visitproc visit, void* arg);
int value_clear(PyObject* self);
int set_attribute(PyObject* self, PyObject* name, PyObject* item);
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

// A slot or a method as the tables of CPython hold it.
template <class F>
void* slot(F* function) {
  return reinterpret_cast<void*>(function);
}

// scalar_operations.cpp
enum class Operand { Value, Number, Unknown, Error };
// Python's numbers, NumPy's scalars and whatever else converts to one float; arrays and tensors are not numbers.
Operand read_number(PyObject* object, double& number);
void add_operations(std::vector<PyMethodDef>& methods);
void add_operators(std::vector<PyType_Slot>& slots);

// scalar_copy.cpp
PyObject* reduce_value(PyObject* self, PyObject* protocol);
PyObject* set_value_state(PyObject* self, PyObject* state);
PyObject* rebuild_value(PyObject* type, PyObject* args);
PyObject* copy_value(PyObject* self, PyObject* unused);
PyObject* deepcopy_value(PyObject* self, PyObject* memo);

}  // namespace trigrad::python
