// trigrad.scalar_cpp.Value: micrograd's interface as a raw CPython type, because a call through pybind11 costs ten
// times what the operation itself does. Here: backward, attributes, construction, and the type put together.
// Read before: scalar_object.cpp (its life), scalar_operations.cpp (operators). Copying and pickling: scalar_copy.cpp.
#include "scalar_value.hpp"

#include <structmember.h>
#include <cstddef>

namespace trigrad::python {
namespace {

PyObject* backward(PyObject* self, PyObject* /*unused*/) {
  return guarded<>(static_cast<PyObject*>(nullptr), [&]() -> PyObject* {
    const ValueObject* const root = as_value(self);
    check_thread(*root->graph, "backward");
    Backward sweep(*root->graph, {&root->id, 1}, Backward::Accumulate);
    sweep.add(root->id, 1.0);
    sweep.sweep_to(0);
    Py_RETURN_NONE;
  });
}

PyObject* detach_method(PyObject* self, PyObject* /*unused*/) {
  return guarded<>(static_cast<PyObject*>(nullptr), [&]() -> PyObject* {
    ValueObject* const made = allocate(value_type);
    if (!made) return nullptr;
    Graph& graph = graph_of_thread();
    graph.make_room(1);
    const ValueObject* const from = as_value(self);
    return attach(made, graph, graph.leaf(from->graph->value[from->id]));
  });
}

// -------------------------------------------------------------------------------------------------------- attributes

PyObject* get_data(PyObject* self, void* /*unused*/) { return PyFloat_FromDouble(as_value(self)->graph->value[as_value(self)->id]); }
PyObject* get_grad(PyObject* self, void* /*unused*/) { return PyFloat_FromDouble(as_value(self)->graph->tape.adjoint(as_value(self)->id)); }

bool read_assigned(const char* name, PyObject* item, double& number) {
  if (item && read_number(item, number) == Operand::Number) return true;
  if (!PyErr_Occurred()) {
    if (item) PyErr_Format(PyExc_TypeError, "%s must be a number, not %s", name, Py_TYPE(item)->tp_name);
    else PyErr_Format(PyExc_AttributeError, "%s cannot be deleted", name);
  }
  return false;
}

int set_data(PyObject* self, PyObject* item, void* /*unused*/) {
  double number = 0;
  if (!read_assigned("data", item, number)) return -1;
  as_value(self)->graph->value[as_value(self)->id] = number;
  return 0;
}

int set_grad(PyObject* self, PyObject* item, void* /*unused*/) {
  double number = 0;
  if (!read_assigned("grad", item, number)) return -1;
  return guarded<>(-1, [&] {
    as_value(self)->graph->tape.set_adjoint(as_value(self)->id, number);
    return 0;
  });
}

PyObject* get_previous(PyObject* self, void* /*unused*/) {
  return guarded<>(static_cast<PyObject*>(nullptr), [&]() -> PyObject* {
    const ValueObject* const object = as_value(self);
    Graph& graph = *object->graph;
    std::size_t count = 0;
    graph.tape.for_each_parent(object->id, [&](NodeId) { ++count; });
    PyObject* const result = PyTuple_New(static_cast<Py_ssize_t>(count));
    if (!result) return nullptr;
    std::vector<ValueObject*> fresh(count);  // all made first: making one may run Python code, which may move nodes
    for (ValueObject*& made : fresh) {
      if (!(made = allocate(value_type))) return Py_DECREF(result), nullptr;
    }
    Py_ssize_t at = 0;
    graph.tape.for_each_parent(object->id, [&](NodeId parent) {
      PyObject* found = as_object(graph.object[parent]);
      if (found) Py_INCREF(found);
      else found = revive(std::exchange(fresh[static_cast<std::size_t>(at)], nullptr), graph, parent);
      PyTuple_SET_ITEM(result, at++, found);
    });
    for (ValueObject* unused : fresh) Py_XDECREF(as_object(unused));
    return result;
  });
}

PyObject* from_dict(PyObject* self, const char* key) {
  PyObject* const dict = as_value(self)->dict;
  PyObject* const found = dict ? PyDict_GetItemString(dict, key) : nullptr;
  return found ? Py_NewRef(found) : PyUnicode_FromString("");
}

PyObject* get_operation(PyObject* self, void* /*unused*/) {
  const ValueObject* const object = as_value(self);
  if (object->dict && PyDict_GetItemString(object->dict, "_op")) return from_dict(self, "_op");
  return guarded<>(static_cast<PyObject*>(nullptr),
                   [&] { return PyUnicode_FromString(operation_name(object->graph->tape.node(object->id)).c_str()); });
}

PyObject* get_label(PyObject* self, void* /*unused*/) { return from_dict(self, "label"); }

int set_in_dict(PyObject* self, const char* key, PyObject* item) {
  PyObject* const dict = get_dict(self, nullptr);
  if (!dict) return -1;
  const int result = item ? PyDict_SetItemString(dict, key, item) : PyDict_DelItemString(dict, key);
  Py_DECREF(dict);
  return result;
}

int set_label(PyObject* self, PyObject* item, void* /*unused*/) { return set_in_dict(self, "label", item); }

PyObject* value_repr(PyObject* self) {
  PyObject *const data = get_data(self, nullptr), *const grad = get_grad(self, nullptr);
  PyObject* const text = data && grad ? PyUnicode_FromFormat("Value(data=%R, grad=%R)", data, grad) : nullptr;
  Py_XDECREF(data);
  Py_XDECREF(grad);
  return text;
}

// ------------------------------------------------------------------------------------------------------ construction

PyObject* value_new(PyTypeObject* type, PyObject* /*args*/, PyObject* /*kwargs*/) {
  return guarded<>(static_cast<PyObject*>(nullptr), [&]() -> PyObject* {
    ValueObject* const made = allocate(type);
    if (!made) return nullptr;
    Graph& graph = graph_of_thread();
    graph.make_room(1);
    return attach(made, graph, graph.leaf(0.0));
  });
}

// Value(data, children, op): a node that only draws, as in micrograd, where its _backward does nothing.
int make_drawn_node(PyObject* self, PyObject* children, double data) {
  PyObject* const items = PySequence_Tuple(children);
  if (!items) return -1;
  const auto count = static_cast<std::size_t>(PyTuple_GET_SIZE(items));
  for (std::size_t k = 0; k < count; ++k) {
    if (is_value(PyTuple_GET_ITEM(items, k))) continue;
    PyErr_Format(PyExc_TypeError, "Value: _children must be Values, not %s", Py_TYPE(PyTuple_GET_ITEM(items, k))->tp_name);
    Py_DECREF(items);
    return -1;
  }
  const int result = guarded<>(-1, [&] {
    Graph& graph = *as_value(self)->graph;
    for (std::size_t k = 0; k < count; ++k) check_thread(*as_value(PyTuple_GET_ITEM(items, k))->graph, "Value");
    graph.make_room(1);
    Term* const terms = graph.tape.reserve_terms(count);
    for (std::size_t k = 0; k < count; ++k) terms[k] = {0.0, as_value(PyTuple_GET_ITEM(items, k))->id};
    const NodeId id = graph.tape.push_sum(count);
    detach(as_value(self));
    attach(as_value(self), graph, graph.keep(id, data));
    return 0;
  });
  Py_DECREF(items);
  return result;
}

int value_init(PyObject* self, PyObject* args, PyObject* kwargs) {
  static const char* const names[] = {"data", "_children", "_op", "label", nullptr};
  PyObject *data = nullptr, *children = nullptr;
  const char *op = "", *label = "";
  if (!kwargs && PyTuple_GET_SIZE(args) == 1) {
    data = PyTuple_GET_ITEM(args, 0);
  } else if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|Oss:Value", const_cast<char**>(names), &data, &children, &op, &label)) {
    return -1;
  }
  double number = 0;
  if (read_number(data, number) != Operand::Number) {
    if (!PyErr_Occurred()) PyErr_Format(PyExc_TypeError, "Value: data must be a number, not %s", Py_TYPE(data)->tp_name);
    return -1;
  }
  const auto set_text = [&](const char* key, const char* text) {
    if (!*text) return 0;
    PyObject* const item = PyUnicode_FromString(text);
    const int result = item ? set_in_dict(self, key, item) : -1;
    Py_XDECREF(item);
    return result;
  };
  if (children && PyObject_IsTrue(children) == 1) {
    if (make_drawn_node(self, children, number) < 0) return -1;
  } else {
    as_value(self)->graph->value[as_value(self)->id] = number;
  }
  if (set_text("_op", op) < 0) return -1;
  return set_text("label", label);
}

// -------------------------------------------------------------------------------------------------------------- type

std::vector<PyMethodDef>& methods() {
  static std::vector<PyMethodDef> table = [] {
    std::vector<PyMethodDef> made;
    add_operations(made);
    made.push_back({"backward", backward, METH_NOARGS,
                    "Computes the gradient of this Value by every Value it came from: leaves accumulate, the others start anew."});
    made.push_back({"detach", detach_method, METH_NOARGS, "A new leaf with the same data, on the calling thread's graph."});
    made.push_back({"__reduce_ex__", reduce_value, METH_O, "Pickling keeps the graph."});
    made.push_back({"__setstate__", set_value_state, METH_O, nullptr});
    made.push_back({"_rebuild", rebuild_value, METH_VARARGS | METH_CLASS, nullptr});
    made.push_back({"__copy__", copy_value, METH_NOARGS, "A node with the same parents."});
    made.push_back({"__deepcopy__", deepcopy_value, METH_O, "Copies the graph too, without recursion."});
    made.push_back({nullptr, nullptr, 0, nullptr});
    return made;
  }();
  return table;
}

PyGetSetDef attributes[] = {
    {"data", get_data, set_data, "the number", nullptr},
    {"grad", get_grad, set_grad, "the derivative of the last root by this Value, accumulated if this is a leaf; 0.0 at first", nullptr},
    {"_prev", get_previous, nullptr, "the operands, in order: a tuple of Values", nullptr},
    {"_op", get_operation, nullptr, "the operation's name, '' for a leaf", nullptr},
    {"label", get_label, set_label, "a name for drawings", nullptr},
    {"__dict__", get_dict, PyObject_GenericSetDict, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyMemberDef members[] = {
    {"__dictoffset__", T_PYSSIZET, offsetof(ValueObject, dict), READONLY, nullptr},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(ValueObject, weakrefs), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

constexpr const char* kDoc =
    "Value(data, _children=(), _op='', label='')\n\n"
    "A number that remembers how it was computed: micrograd's Value, float64, on a flat tape.\n\n"
    ">>> from trigrad.scalar_cpp import Value\n"
    ">>> a, b = Value(2.0), Value(-3.0)\n"
    ">>> c = (a * b + 10).relu()\n"
    ">>> c.backward()\n"
    ">>> c, a.grad, b.grad\n"
    "(Value(data=4.0, grad=1.0), -3.0, 2.0)\n";

}  // namespace

PyObject* make_value_type() {
  std::vector<PyType_Slot> slots = {
      {Py_tp_doc, const_cast<char*>(kDoc)},
      {Py_tp_new, slot(value_new)},
      {Py_tp_init, slot(value_init)},
      {Py_tp_dealloc, slot(value_dealloc)},
      {Py_tp_traverse, slot(value_traverse)},
      {Py_tp_clear, slot(value_clear)},
      {Py_tp_repr, slot(value_repr)},
      {Py_tp_setattro, slot(set_attribute)},
      {Py_tp_methods, methods().data()},
      {Py_tp_getset, attributes},
      {Py_tp_members, members},
  };
  add_operators(slots);
  slots.push_back({0, nullptr});
  PyType_Spec spec = {"trigrad.scalar_cpp.Value", sizeof(ValueObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
                      slots.data()};
  PyObject* type = PyType_FromSpec(&spec);
  value_type = reinterpret_cast<PyTypeObject*>(type);
  PyObject* const engine = PyUnicode_FromString("scalar_cpp");
  if (type && (!engine || PyObject_SetAttrString(type, "engine", engine) < 0)) Py_CLEAR(type);
  Py_XDECREF(engine);
  return type;
}

}  // namespace trigrad::python
