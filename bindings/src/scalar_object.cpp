// The life of a Value's Python object: made from a free list, known to its graph, unknown to the cycle collector while it
// has no attributes of its own. Read before: scalar_value.hpp. Read next: scalar_operations.cpp.
#include "scalar_value.hpp"

namespace trigrad::python {

PyTypeObject* value_type = nullptr;

void raise_python_error() {
  const auto raise = [](const char* type, const char* message) {
    PyObject* const module = PyImport_ImportModule("trigrad.errors");
    PyObject* const error = module ? PyObject_GetAttrString(module, type) : nullptr;
    if (error) PyErr_SetString(error, message);
    Py_XDECREF(error);
    Py_XDECREF(module);
  };
  try {
    throw;
  } catch (const ThreadError& error) {
    raise("ThreadError", error.what());
  } catch (const GraphError& error) {
    raise("GraphError", error.what());
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  }
}

namespace {

// Dead objects wait here, linked through `dict`; most programs drop a Value for each that they make.
constexpr std::size_t kFreeListLimit = 1024;
ValueObject* free_list = nullptr;
std::size_t free_count = 0;

}  // namespace

ValueObject* allocate(PyTypeObject* type) {
  ValueObject* made;
  if (type == value_type && free_list) {
    made = free_list;
    free_list = reinterpret_cast<ValueObject*>(made->dict);
    --free_count;
    PyObject_Init(as_object(made), type);
  } else {
    // A subclass brings its own size, and its own slots to be cleared; our own type starts untracked (see set_attribute).
    made = type == value_type ? PyObject_GC_New(ValueObject, type) : as_value(type->tp_alloc(type, 0));
    if (!made) return nullptr;
  }
  made->graph = nullptr;
  made->dict = nullptr;
  made->weakrefs = nullptr;
  made->id = 0;
  return made;
}

void detach(ValueObject* object) {
  if (!object->graph) return;
  object->graph->object[object->id] = nullptr;
  --object->graph->holders;
  object->graph->let_go(object->id, 1);
}

// A label must outlive its object as long as the node can be seen from others: micrograd's graph owns its nodes, and
// drawings show the labels. Only plain numbers and strings are kept, which cannot make cycles.
bool is_worth_keeping(PyObject* dict) {
  if (!dict || PyDict_GET_SIZE(dict) == 0 || Py_REFCNT(dict) > 1) return false;
  Py_ssize_t at = 0;
  for (PyObject *key, *item; PyDict_Next(dict, &at, &key, &item);) {
    if (!PyUnicode_CheckExact(item) && !PyFloat_CheckExact(item) && !PyLong_CheckExact(item) && !PyBool_Check(item) && item != Py_None)
      return false;
  }
  return true;
}

void value_dealloc(PyObject* self) {
  ValueObject* const object = as_value(self);
  PyTypeObject* const type = Py_TYPE(self);
  if (PyObject_GC_IsTracked(self)) PyObject_GC_UnTrack(self);
  if (object->weakrefs) PyObject_ClearWeakRefs(self);
  PyObject* dict = std::exchange(object->dict, nullptr);
  if (object->graph && is_worth_keeping(dict)) {
    object->graph->keepsakes[object->id] = std::exchange(dict, nullptr);
  }
  detach(object);
  Py_XDECREF(dict);
  if (type == value_type && free_count < kFreeListLimit) {
    object->dict = reinterpret_cast<PyObject*>(free_list);
    free_list = object;
    ++free_count;
  } else {
    type->tp_free(self);
  }
  Py_DECREF(type);
}

int value_traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(as_value(self)->dict);
  return 0;
}

int value_clear(PyObject* self) {
  Py_CLEAR(as_value(self)->dict);
  return 0;
}

namespace {
// An object can be in a cycle only through its dict, so the cycle collector need not know it before it has one.
void track(PyObject* self) {
  if (as_value(self)->dict && !PyObject_GC_IsTracked(self)) PyObject_GC_Track(self);
}
}  // namespace

int set_attribute(PyObject* self, PyObject* name, PyObject* item) {
  if (PyUnicode_Check(name) && PyUnicode_CompareWithASCIIString(name, "_backward") == 0) {
    PyErr_SetString(PyExc_NotImplementedError,
                    "_backward: this engine's rules are compiled, so a closure here would never be called; "
                    "compose the operation from others, or use micrograd itself");
    return -1;
  }
  const int result = PyObject_GenericSetAttr(self, name, item);
  track(self);
  return result;
}

PyObject* get_dict(PyObject* self, void* /*unused*/) {
  PyObject* const dict = PyObject_GenericGetDict(self, nullptr);
  track(self);
  return dict;
}

PyObject* revive(ValueObject* object, Graph& graph, NodeId id) {
  attach(object, graph, id);
  if (const auto kept = graph.keepsakes.find(id); kept != graph.keepsakes.end()) {
    object->dict = kept->second;
    graph.keepsakes.erase(kept);
    track(as_object(object));
  }
  return as_object(object);
}

}  // namespace trigrad::python
