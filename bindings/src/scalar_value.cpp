// trigrad.scalar_cpp.Value: micrograd's interface as a raw CPython type, because a call through pybind11 costs ten
// times what the operation itself does. Number slots, attributes and a free list are written out here; the operations
// come from the one list. Read before: scalar_graph.hpp. Copying and pickling: scalar_copy.cpp.
#include "scalar_value.hpp"

#include <structmember.h>
#include <array>
#include <cmath>
#include <cstddef>

namespace trigrad::python {

PyTypeObject* value_type = nullptr;

// ------------------------------------------------------------------------------------------------------------ errors

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

// ----------------------------------------------------------------------------------------------------------- objects

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

PyObject* attach(ValueObject* object, Graph& graph, NodeId id) {
  object->graph = &graph;
  object->id = id;
  graph.object[id] = object;
  ++graph.holders;
  return as_object(object);
}

namespace {
void detach(ValueObject* object) {
  if (!object->graph) return;
  object->graph->object[object->id] = nullptr;
  --object->graph->holders;
}

}  // namespace

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

namespace {

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

// An object can be in a cycle only through its dict, so the cycle collector need not know it before it has one.
void track(PyObject* self) {
  if (as_value(self)->dict && !PyObject_GC_IsTracked(self)) PyObject_GC_Track(self);
}

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

}  // namespace

PyObject* get_dict(PyObject* self, void* /*unused*/) {
  PyObject* const dict = PyObject_GenericGetDict(self, nullptr);
  track(self);
  return dict;
}

namespace {

// A new object for a node whose old one died: its label comes back.
PyObject* revive(ValueObject* object, Graph& graph, NodeId id) {
  attach(object, graph, id);
  if (const auto kept = graph.keepsakes.find(id); kept != graph.keepsakes.end()) {
    object->dict = kept->second;
    graph.keepsakes.erase(kept);
    track(as_object(object));
  }
  return as_object(object);
}

// ----------------------------------------------------------------------------------------------------------- numbers

enum class Operand { Value, Number, Unknown, Error };

// Python's numbers, NumPy's scalars and whatever else converts to one float; arrays and tensors are not numbers.
Operand read_number(PyObject* object, double& number) {
  if (PyFloat_Check(object)) {
    number = PyFloat_AS_DOUBLE(object);
    return Operand::Number;
  }
  if (PyLong_Check(object)) {
    number = PyLong_AsDouble(object);
    return number == -1.0 && PyErr_Occurred() ? Operand::Error : Operand::Number;
  }
  const PyTypeObject* const type = Py_TYPE(object);
  const bool converts = type->tp_as_number && (type->tp_as_number->nb_float || type->tp_as_number->nb_index);
  const bool sized = (type->tp_as_sequence && type->tp_as_sequence->sq_length) || (type->tp_as_mapping && type->tp_as_mapping->mp_length);
  if (!converts || sized || is_value(object)) return Operand::Unknown;
  number = PyFloat_AsDouble(object);
  return number == -1.0 && PyErr_Occurred() ? Operand::Error : Operand::Number;
}

// The three engines' tensors, which name their engine: their operators must not swallow a Value, nor a Value them.
bool refuse_tensor(const char* op, PyObject* object) {
  PyObject* const engine = PyObject_GetAttrString(reinterpret_cast<PyObject*>(Py_TYPE(object)), "engine");
  const bool ours = engine && PyUnicode_Check(engine);
  if (ours) PyErr_Format(PyExc_TypeError, "%s: a %U tensor cannot meet a scalar_cpp Value; convert it with .item() first", op, engine);
  else PyErr_Clear();
  Py_XDECREF(engine);
  return ours;
}

template <class Op>
PyObject* result_object(ValueObject* made, Graph& graph, double z, OpCode code, NodeId a, double da, NodeId b = 0, double db = 0,
                        NodeId c = 0) {
  return attach(made, graph, graph.keep(graph.tape.push(code, a, da, b, db, c), z));
}

template <class Op>
PyObject* unary(PyObject* self, const typename Op::Attrs& attrs = {}) {
  return guarded<>(static_cast<PyObject*>(nullptr), [&]() -> PyObject* {
    ValueObject* const operand = as_value(self);
    if constexpr (!differentiable<Op>) {
      return PyBool_FromLong(static_cast<long>(evaluate<Op>(attrs, operand->graph->value[operand->id])));
    } else {
      Graph& graph = *operand->graph;
      check_thread(graph, Op::info.name.data());
      ValueObject* const made = allocate(value_type);
      if (!made) return nullptr;
      graph.make_room(1);
      const double x = graph.value[operand->id], z = evaluate<Op>(attrs, x);
      return result_object<Op>(made, graph, z, op_code<Op>, operand->id, partial<Op, 0>(attrs, x, z));
    }
  });
}

// `left` and `right`: at least one is a Value, the other one may be anything.
template <class Op>
PyObject* binary(PyObject* left, PyObject* right) {
  return guarded<>(static_cast<PyObject*>(nullptr), [&]() -> PyObject* {
    ValueObject *l = is_value(left) ? as_value(left) : nullptr, *r = is_value(right) ? as_value(right) : nullptr;
    double x = 0, y = 0;
    if (!l || !r) [[unlikely]] {
      PyObject* const other = l ? right : left;
      const Operand kind = read_number(other, l ? y : x);
      if (kind == Operand::Error || (kind == Operand::Unknown && refuse_tensor(Op::info.name.data(), other))) return nullptr;
      if (kind == Operand::Unknown) Py_RETURN_NOTIMPLEMENTED;
    }
    Graph& graph = *(l ? l : r)->graph;
    check_thread(graph, Op::info.name.data());
    if (l && r) check_thread(*r->graph, Op::info.name.data());
    ValueObject* const made = allocate(value_type);
    if (!made) return nullptr;
    graph.make_room(2);
    if (l) x = graph.value[l->id];
    if (r) y = graph.value[r->id];
    const double z = evaluate<Op>({}, x, y);
    if constexpr (std::is_same_v<Op, Pow>) {
      if (!r) {  // micrograd's x ** 2 has one child, and the number in its name
        const OpCode code = PyLong_Check(right) ? kPowInteger : kPowFloat;
        return result_object<Op>(made, graph, z, code, l->id, partial<Op, 0>({}, x, y, z), 0, y);
      }
    }
    const NodeId a = l ? l->id : graph.leaf(x), b = r ? r->id : graph.leaf(y);
    if constexpr (std::is_same_v<Op, Add>) return result_object<Op>(made, graph, z, op_code<Op>, b, 1.0, 0, 0.0, a);  // a running sum
    else return result_object<Op>(made, graph, z, op_code<Op>, a, partial<Op, 0>({}, x, y, z), b, partial<Op, 1>({}, x, y, z));
  });
}

// weighted_sum(w, x, b): the nodes of `for wi, xi in zip(w, x): b = b + wi * xi`, without a Python object for each.
PyObject* weighted_sum(PyObject* /*type*/, PyObject* const* args, Py_ssize_t given) {
  if (given != 3 || !is_value(args[2])) {
    PyErr_SetString(PyExc_TypeError, "weighted_sum: expected two sequences of Values or numbers, and a Value");
    return nullptr;
  }
  PyObject *const w = PySequence_Tuple(args[0]), *const x = w ? PySequence_Tuple(args[1]) : nullptr;
  PyObject* const result = !x ? nullptr : guarded<PyObject*>(nullptr, [&]() -> PyObject* {
    Graph& graph = *as_value(args[2])->graph;
    check_thread(graph, "weighted_sum");
    const Py_ssize_t count = std::min(PyTuple_GET_SIZE(w), PyTuple_GET_SIZE(x));
    for (Py_ssize_t k = 0; k < 2 * count; ++k) {
      PyObject* const item = PyTuple_GET_ITEM(k % 2 ? x : w, k / 2);
      double number = 0;
      if (is_value(item)) check_thread(*as_value(item)->graph, "weighted_sum");
      else if (read_number(item, number) != Operand::Number)
        return PyErr_Occurred()
                   ? nullptr
                   : (PyErr_Format(PyExc_TypeError, "weighted_sum: expected Values or numbers, not %s", Py_TYPE(item)->tp_name), nullptr);
    }
    ValueObject* const made = allocate(value_type);
    if (!made) return nullptr;
    graph.make_room(4 * static_cast<std::size_t>(count) + 1);
    const auto id_of = [&](PyObject* item) {
      double number = 0;
      if (is_value(item)) return as_value(item)->id;
      read_number(item, number);
      return graph.leaf(number);
    };
    NodeId sum = as_value(args[2])->id;
    if (count == 0) sum = graph.keep(graph.tape.push(kCopy, sum, 1.0), graph.value[sum]);
    for (Py_ssize_t k = 0; k < count; ++k) {
      const NodeId a = id_of(PyTuple_GET_ITEM(w, k)), b = id_of(PyTuple_GET_ITEM(x, k));
      const double product = graph.value[a] * graph.value[b], total = graph.value[sum] + product;
      const NodeId term = graph.keep(graph.tape.push(op_code<Mul>, a, graph.value[b], b, graph.value[a]), product);
      sum = graph.keep(graph.tape.push(op_code<Add>, term, 1.0, 0, 0.0, sum), total);
    }
    return attach(made, graph, sum);
  });
  Py_XDECREF(w);
  Py_XDECREF(x);
  return result;
}

PyObject* power(PyObject* left, PyObject* right, PyObject* modulus) {
  if (modulus != Py_None) Py_RETURN_NOTIMPLEMENTED;
  return binary<Pow>(left, right);
}

PyObject* negative(PyObject* self) { return unary<Neg>(self); }
PyObject* absolute(PyObject* self) { return unary<Abs>(self); }
PyObject* positive(PyObject* self) { return Py_NewRef(self); }

// ----------------------------------------------------------------------------------------------------------- methods

// x.leaky_relu(0.2) or x.leaky_relu(negative_slope=0.2): the names come from the op's record.
template <class Op>
bool read_attrs(PackedAttrs& attrs, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  constexpr auto known = static_cast<Py_ssize_t>(attr_count<Op>);
  if (count > known) {
    PyErr_Format(PyExc_TypeError, "%s() takes at most %zd arguments (%zd given)", Op::info.name.data(), known, count);
    return false;
  }
  const Py_ssize_t total = count + (names ? PyTuple_GET_SIZE(names) : 0);
  for (Py_ssize_t k = 0; k < total; ++k) {
    Py_ssize_t slot = k;
    if (k >= count) {
      PyObject* const name = PyTuple_GET_ITEM(names, k - count);
      for (slot = 0; slot < known && PyUnicode_CompareWithASCIIString(name, Op::info.attrs[static_cast<std::size_t>(slot)].data()) != 0;)
        ++slot;
      if (slot == known) {
        PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument %R", Op::info.name.data(), name);
        return false;
      }
    }
    if (args[k] == Py_None) continue;  // clamp's open side
    if (read_number(args[k], attrs[static_cast<std::size_t>(slot)]) != Operand::Number) {
      if (!PyErr_Occurred())
        PyErr_Format(PyExc_TypeError, "%s: %s must be a number, not %s", Op::info.name.data(),
                     Op::info.attrs[static_cast<std::size_t>(slot)].data(), Py_TYPE(args[k])->tp_name);
      return false;
    }
  }
  return true;
}

template <class Op>
PyObject* unary_method(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  PackedAttrs attrs = pack<Op>({});
  if (!read_attrs<Op>(attrs, args, count, names)) return nullptr;
  return unary<Op>(self, unpack<Op>(attrs));
}

template <class Op>
PyObject* binary_method(PyObject* self, PyObject* other) {
  PyObject* const result = binary<Op>(self, other);
  if (result != Py_NotImplemented) return result;
  Py_DECREF(result);
  PyErr_Format(PyExc_TypeError, "%s: expected a Value or a number, not %s", Op::info.name.data(), Py_TYPE(other)->tp_name);
  return nullptr;
}

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

constexpr int kFlags = METH_FASTCALL | METH_KEYWORDS;

std::vector<PyMethodDef>& methods() {
  static std::vector<PyMethodDef> table = [] {
    std::vector<PyMethodDef> made;
    ElementwiseOps::for_each([&]<class Op>(Op) {
      if constexpr (Op::arity == 1) {
        made.push_back({Op::info.name.data(), reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(unary_method<Op>)), kFlags,
                        Op::info.formula.data()});
      } else if constexpr (Op::arity == 2 && differentiable<Op>) {
        made.push_back({Op::info.name.data(), binary_method<Op>, METH_O, Op::info.formula.data()});
      }
    });
    made.push_back({"backward", backward, METH_NOARGS,
                    "Computes the gradient of this Value by every Value it came from: leaves accumulate, the others start anew."});
    made.push_back({"detach", detach_method, METH_NOARGS, "A new leaf with the same data, on the calling thread's graph."});
    made.push_back({"weighted_sum", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(weighted_sum)), METH_FASTCALL | METH_CLASS,
                    "weighted_sum(w, x, b): b + w[0] * x[0] + w[1] * x[1] + ..., node by node, as the loop would record it."});
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

template <class F>
void* slot(F* function) {
  return reinterpret_cast<void*>(function);
}

}  // namespace

PyObject* make_value_type() {
  PyType_Slot slots[] = {
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
      {Py_nb_add, slot(binary<Add>)},
      {Py_nb_subtract, slot(binary<Sub>)},
      {Py_nb_multiply, slot(binary<Mul>)},
      {Py_nb_true_divide, slot(binary<Div>)},
      {Py_nb_power, slot(power)},
      {Py_nb_negative, slot(negative)},
      {Py_nb_positive, slot(positive)},
      {Py_nb_absolute, slot(absolute)},
      {0, nullptr},
  };
  PyType_Spec spec = {"trigrad.scalar_cpp.Value", sizeof(ValueObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
                      slots};
  PyObject* type = PyType_FromSpec(&spec);
  value_type = reinterpret_cast<PyTypeObject*>(type);
  PyObject* const engine = PyUnicode_FromString("scalar_cpp");
  if (type && (!engine || PyObject_SetAttrString(type, "engine", engine) < 0)) Py_CLEAR(type);
  Py_XDECREF(engine);
  return type;
}

}  // namespace trigrad::python
