// The Python type of tensors: how objects come and go, their operators and .grad (see tensor_object.hpp).

#include "tensor_binding.hpp"

#include <structmember.h>

#include <cstddef>

namespace trigrad {

PyTypeObject* tensor_type = nullptr;

namespace {

TensorObject* object_of(PyObject* self) { return reinterpret_cast<TensorObject*>(self); }

// Dead objects wait here, linked through `dict`, for the next result.
constexpr int kMostKept = 1024;
TensorObject* kept = nullptr;
int kept_count = 0;

// What pybind11 does around its functions: a C++ error becomes Python's.
template <class F>
auto guarded(F f) -> decltype(f()) {
  try {
    return f();
  } catch (...) {
    py::detail::try_translate_exceptions();
  }
  if constexpr (std::is_pointer_v<decltype(f())>) return nullptr;
  else return -1;
}

}  // namespace

// --- life ----------------------------------------------------------------------------------------------------------
PyObject* wrap(Tensor x) {
  TensorObject* made = kept;
  if (made) {
    kept = object_of(made->dict);
    --kept_count;
    PyObject_Init(reinterpret_cast<PyObject*>(made), tensor_type);
  } else if (!(made = PyObject_GC_New(TensorObject, tensor_type))) {
    throw py::error_already_set();
  }
  new (&made->tensor) Tensor(std::move(x));
  made->grad = made->dict = made->weakrefs = nullptr;
  PyObject_GC_Track(made);
  return reinterpret_cast<PyObject*>(made);
}

Tensor& as_self(py::handle object) {
  if (Tensor* found = tensor_in(object)) return *found;
  throw TypeError(std::string("a Tensor is needed, not ") + Py_TYPE(object.ptr())->tp_name);
}

namespace {

PyObject* refuse(PyTypeObject* /*type*/, PyObject* /*args*/, PyObject* /*kwargs*/) {
  PyErr_SetString(PyExc_TypeError, "Tensor: a tensor is made by tensor(data), zeros(size), from_numpy(array) and the like");
  return nullptr;
}

void deallocate(PyObject* self) {
  TensorObject* const object = object_of(self);
  PyTypeObject* const type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  Py_TRASHCAN_BEGIN(self, deallocate);  // a chain x.grad.grad.grad may be long
  if (object->weakrefs) PyObject_ClearWeakRefs(self);
  Py_CLEAR(object->grad);
  Py_CLEAR(object->dict);
  object->tensor.~Tensor();
  if (type == tensor_type && kept_count < kMostKept) {
    object->dict = reinterpret_cast<PyObject*>(kept);
    kept = object;
    ++kept_count;
  } else {
    type->tp_free(self);
  }
  Py_DECREF(type);
  Py_TRASHCAN_END;
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(object_of(self)->grad);
  Py_VISIT(object_of(self)->dict);
  return 0;
}

int clear(PyObject* self) {
  Py_CLEAR(object_of(self)->grad);
  Py_CLEAR(object_of(self)->dict);
  return 0;
}

Py_hash_t hash(PyObject* self) { return static_cast<Py_hash_t>(reinterpret_cast<std::uintptr_t>(object_of(self)->tensor.cell()) >> 4); }

// NumPy knows all that a buffer can be asked for; only its name for int64 depends on the platform. A refusal sends it on to
// __array__, whose error the user then sees.
int get_buffer(PyObject* self, Py_buffer* view, int flags) {
  return guarded([&] {
    view->obj = nullptr;
    const Tensor& x = object_of(self)->tensor;
    if (x.requires_grad()) {
      PyErr_SetString(PyExc_BufferError, "Can't share the memory of a tensor that requires grad. Use tensor.detach() instead.");
      return -1;
    }
    const py::array array = array_from_tensor(x);
    const int status = PyObject_GetBuffer(array.ptr(), view, flags);
    static char formats[][2] = {"?", "q", "f", "d"};
    if (status == 0 && view->format) view->format = formats[static_cast<int>(x.dtype())];
    return status;
  });
}

// --- operators -----------------------------------------------------------------------------------------------------
template <class Op>
PyObject* unary(PyObject* x) {
  return guarded([&] { return wrap(apply_row(row_of<Op>(), {}, {x})); });
}

template <class Op>
PyObject* binary(PyObject* x, PyObject* y) {  // one of the two is a tensor, the other may be anything
  return guarded([&] { return wrap(apply_row(row_of<Op>(), {}, {x, y})); });
}

// & and | are for truth values: of integers they would be bit by bit, which no other operation is.
template <class Op>
PyObject* of_truths(PyObject* x, PyObject* y) {
  return guarded([&] {
    for (PyObject* const operand : {x, y})
      if (const Tensor* const given = tensor_in(operand); given && given->dtype() != DType::Bool)
        throw DTypeError(std::string(Op::info.name) + ": needs bool tensors, not " + std::string(name_of(given->dtype())));
    return wrap(apply_row(row_of<Op>(), {}, {x, y}));
  });
}

PyObject* power(PyObject* x, PyObject* y, PyObject* modulus) {
  if (modulus != Py_None) Py_RETURN_NOTIMPLEMENTED;
  return binary<Pow>(x, y);
}

PyObject* matrix_product(PyObject* x, PyObject* y) {
  return guarded([&] {
    const auto operands = settled("matmul", x, y);
    return wrap(matmul(operands[0], operands[1]));
  });
}

PyObject* positive(PyObject* x) {
  return guarded([&] { return wrap(object_of(x)->tensor); });
}

PyObject* invert(PyObject* self) {
  return guarded([&] {
    const Tensor& x = object_of(self)->tensor;
    if (x.dtype() != DType::Bool) throw DTypeError("logical_not: ~ needs a bool tensor, not " + std::string(name_of(x.dtype())));
    return wrap(logical_not(x));
  });
}

// a += b changes a in place when nothing tracks it; on a tracked interior tensor it means a = a + b.
template <class Op, Tensor& (Tensor::*change)(const Tensor&)>
PyObject* augmented(PyObject* self, PyObject* other) {
  return guarded([&] {
    Tensor& x = object_of(self)->tensor;
    const Tensor y = as_operand(Op::info.name, other);
    if (grad_enabled() && ((x.requires_grad() && !x.is_leaf()) || (!x.requires_grad() && y.requires_grad())))
      return binary<Op>(self, other);
    (x.*change)(y);
    return Py_NewRef(self);
  });
}

PyObject* power_in_place(PyObject* x, PyObject* y, PyObject* modulus) {
  if (modulus != Py_None) Py_RETURN_NOTIMPLEMENTED;
  return augmented<Pow, &Tensor::pow_>(x, y);
}

PyObject* compare(PyObject* x, PyObject* other, int how) {
  // Against None, a string or a stranger, == and != leave the answer to Python: False and True.
  const py::handle y = other;
  if ((how == Py_EQ || how == Py_NE) && !is_tensor(y) && !PyNumber_Check(other) && !PyList_Check(other) && !PyTuple_Check(other) &&
      !py::hasattr(y, "__array__") && !py::hasattr(y, "engine"))
    Py_RETURN_NOTIMPLEMENTED;
  switch (how) {
    case Py_LT:
      return binary<Lt>(x, other);
    case Py_LE:
      return binary<Le>(x, other);
    case Py_EQ:
      return binary<Eq>(x, other);
    case Py_NE:
      return binary<Ne>(x, other);
    case Py_GT:
      return binary<Gt>(x, other);
    default:
      return binary<Ge>(x, other);
  }
}

// --- .grad ---------------------------------------------------------------------------------------------------------
PyObject* get_grad(PyObject* self, void* /*unused*/) {
  return guarded([&] {
    TensorObject* const object = object_of(self);
    const Tensor grad = object->tensor.grad();
    if (!grad.defined()) return Py_NewRef(Py_None);
    if (object->grad && object_of(object->grad)->tensor.is_same(grad)) return Py_NewRef(object->grad);
    PyObject* const made = wrap(grad);
    Py_XSETREF(object->grad, Py_NewRef(made));
    return made;
  });
}

int set_grad(PyObject* self, PyObject* value, void* /*unused*/) {
  return guarded([&] {
    TensorObject* const object = object_of(self);
    const bool none = !value || value == Py_None;
    const Tensor grad = none ? Tensor() : as_operand("grad", value);
    if (grad.is_same(object->tensor)) throw GraphError("grad: a tensor cannot be its own gradient");
    object->tensor.set_grad(grad);
    Py_XSETREF(object->grad, !none && is_tensor(value) ? Py_NewRef(value) : nullptr);
    return 0;
  });
}

PyGetSetDef attributes[] = {
    {"grad", get_grad, set_grad, "∂loss/∂this, or None. Leaves accumulate it until `x.grad = None` or `x.grad.zero_()`.", nullptr},
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
    {},
};

PyMemberDef members[] = {
    {"__dictoffset__", T_PYSSIZET, offsetof(TensorObject, dict), READONLY, nullptr},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(TensorObject, weakrefs), READONLY, nullptr},
    {},
};

constexpr const char* kDoc = R"(An n-dimensional array that may be part of a graph.

    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.]))";

template <class F>
void* slot(F* function) {
  return reinterpret_cast<void*>(function);
}

}  // namespace

TensorClass make_tensor_class() {
  PyType_Slot slots[] = {
      {Py_tp_doc, const_cast<char*>(kDoc)},
      {Py_tp_new, slot(refuse)},
      {Py_tp_dealloc, slot(deallocate)},
      {Py_tp_traverse, slot(traverse)},
      {Py_tp_clear, slot(clear)},
      {Py_tp_hash, slot(hash)},
      {Py_tp_richcompare, slot(compare)},
      {Py_tp_getset, attributes},
      {Py_tp_members, members},
      {Py_bf_getbuffer, slot(get_buffer)},
      {Py_nb_add, slot(binary<Add>)},
      {Py_nb_subtract, slot(binary<Sub>)},
      {Py_nb_multiply, slot(binary<Mul>)},
      {Py_nb_true_divide, slot(binary<Div>)},
      {Py_nb_matrix_multiply, slot(matrix_product)},
      {Py_nb_power, slot(power)},
      {Py_nb_and, slot(of_truths<LogicalAnd>)},
      {Py_nb_or, slot(of_truths<LogicalOr>)},
      {Py_nb_negative, slot(unary<Neg>)},
      {Py_nb_positive, slot(positive)},
      {Py_nb_absolute, slot(unary<Abs>)},
      {Py_nb_invert, slot(invert)},
      {Py_nb_inplace_add, slot(augmented<Add, &Tensor::add_>)},
      {Py_nb_inplace_subtract, slot(augmented<Sub, &Tensor::sub_>)},
      {Py_nb_inplace_multiply, slot(augmented<Mul, &Tensor::mul_>)},
      {Py_nb_inplace_true_divide, slot(augmented<Div, &Tensor::div_>)},
      {Py_nb_inplace_power, slot(power_in_place)},
      {0, nullptr},
  };
  PyType_Spec spec = {"trigrad._core.tensor.Tensor", sizeof(TensorObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
                      slots};
  PyObject* const type = PyType_FromSpec(&spec);
  if (!type) throw py::error_already_set();
  tensor_type = reinterpret_cast<PyTypeObject*>(type);
  return py::reinterpret_borrow<TensorClass>(type);
}

}  // namespace trigrad
