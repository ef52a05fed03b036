// What is done with Values: the operators and methods that come from the list of operations, and what counts as a number
// beside them. Each slot is written for raw CPython and records one node. Read before: scalar_value.hpp, scalar_object.cpp.
#include "scalar_value.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <stdexcept>

namespace trigrad::python {

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

namespace {

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
    if constexpr (std::is_same_v<Op, Add>) return attach(made, graph, graph.keep(graph.tape.push_add(a, b), z));
    else return result_object<Op>(made, graph, z, op_code<Op>, a, partial<Op, 0>({}, x, y, z), b, partial<Op, 1>({}, x, y, z));
  });
}

constexpr const char* kExpected = "weighted_sum: expected two sequences of Values or numbers, and a Value";

// The items of a sequence, which are Values and floats: other numbers are made floats first, since that may run any code.
class Terms {
 public:
  explicit Terms(PyObject* given) : items_(PySequence_Fast(given, kExpected)) {
    if (!items_ || std::ranges::all_of(all(), is_plain)) return;
    Py_SETREF(items_, PySequence_List(items_));
    for (Py_ssize_t k = 0; items_ && k < PyList_GET_SIZE(items_); ++k) {
      PyObject* const item = PyList_GET_ITEM(items_, k);
      double number = 0;
      if (is_plain(item)) continue;
      if (read_number(item, number) == Operand::Unknown)
        PyErr_Format(PyExc_TypeError, "weighted_sum: expected Values or numbers, not %s", Py_TYPE(item)->tp_name);
      PyObject* const made = PyErr_Occurred() ? nullptr : PyFloat_FromDouble(number);
      if (!made || PyList_SetItem(items_, k, made) < 0) Py_CLEAR(items_);
    }
  }
  Terms(const Terms&) = delete;
  Terms& operator=(const Terms&) = delete;
  ~Terms() { Py_XDECREF(items_); }

  explicit operator bool() const { return items_ != nullptr; }  // else a Python error is set
  std::span<PyObject* const> all() const {
    return {PySequence_Fast_ITEMS(items_), static_cast<std::size_t>(PySequence_Fast_GET_SIZE(items_))};
  }

 private:
  static bool is_plain(PyObject* item) { return is_value(item) || PyFloat_Check(item); }
  PyObject* items_;  // a list is not copied
};

NodeId record_term(Graph& graph, PyObject* item) {
  if (is_value(item)) {
    check_thread(*as_value(item)->graph, "weighted_sum");
    return as_value(item)->id;
  }
  if (!PyFloat_Check(item)) throw std::runtime_error("weighted_sum: a sequence was changed while it was read");
  return graph.leaf(PyFloat_AS_DOUBLE(item));
}

// weighted_sum(w, x, b): the nodes of `for wi, xi in zip(w, x): b = b + wi * xi`, without a Python object for each.
PyObject* weighted_sum(PyObject* /*type*/, PyObject* const* args, Py_ssize_t given) {
  if (given != 3 || !is_value(args[2])) {
    PyErr_SetString(PyExc_TypeError, kExpected);
    return nullptr;
  }
  ValueObject* const made = allocate(value_type);
  PyObject* const result = !made ? nullptr : guarded<PyObject*>(nullptr, [&]() -> PyObject* {
    const Terms w_terms(args[0]), x_terms(args[1]);
    if (!w_terms || !x_terms) return nullptr;
    Graph& graph = *as_value(args[2])->graph;
    check_thread(graph, "weighted_sum");
    std::size_t count = std::min(w_terms.all().size(), x_terms.all().size());
    graph.make_room(4 * count + 1);  // which may let go of objects, and so run code that shortens a list
    const auto w = w_terms.all(), x = x_terms.all();
    count = std::min({count, w.size(), x.size()});
    NodeId sum = as_value(args[2])->id;
    if (count == 0) sum = graph.keep(graph.tape.push(kCopy, sum, 1.0), graph.value[sum]);
    for (std::size_t k = 0; k < count; ++k) {
      const NodeId a = record_term(graph, w[k]), b = record_term(graph, x[k]);
      const double product = graph.value[a] * graph.value[b], total = graph.value[sum] + product;
      const NodeId term = graph.keep(graph.tape.push(op_code<Mul>, a, graph.value[b], b, graph.value[a]), product);
      sum = graph.keep(graph.tape.push_add(sum, term), total);
    }
    return Py_NewRef(attach(made, graph, sum));
  });
  Py_XDECREF(as_object(made));
  return result;
}

PyObject* power(PyObject* left, PyObject* right, PyObject* modulus) {
  if (modulus != Py_None) Py_RETURN_NOTIMPLEMENTED;
  return binary<Pow>(left, right);
}

PyObject* negative(PyObject* self) { return unary<Neg>(self); }
PyObject* absolute(PyObject* self) { return unary<Abs>(self); }
PyObject* positive(PyObject* self) { return Py_NewRef(self); }

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

}  // namespace

void add_operations(std::vector<PyMethodDef>& methods) {
  constexpr int kFlags = METH_FASTCALL | METH_KEYWORDS;
  ElementwiseOps::for_each([&]<class Op>(Op) {
    if constexpr (Op::arity == 1) {
      methods.push_back({Op::info.name.data(), reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(unary_method<Op>)), kFlags,
                         Op::info.formula.data()});
    } else if constexpr (Op::arity == 2 && differentiable<Op>) {
      methods.push_back({Op::info.name.data(), binary_method<Op>, METH_O, Op::info.formula.data()});
    }
  });
  methods.push_back({"weighted_sum", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(weighted_sum)), METH_FASTCALL | METH_CLASS,
                     "weighted_sum(w, x, b): b + w[0] * x[0] + w[1] * x[1] + ..., node by node, as the loop would record it."});
}

void add_operators(std::vector<PyType_Slot>& slots) {
  const PyType_Slot operators[] = {
      {Py_nb_add, slot(binary<Add>)},         {Py_nb_subtract, slot(binary<Sub>)}, {Py_nb_multiply, slot(binary<Mul>)},
      {Py_nb_true_divide, slot(binary<Div>)}, {Py_nb_power, slot(power)},          {Py_nb_negative, slot(negative)},
      {Py_nb_positive, slot(positive)},       {Py_nb_absolute, slot(absolute)},
  };
  slots.insert(slots.end(), std::begin(operators), std::end(operators));
}

}  // namespace trigrad::python
