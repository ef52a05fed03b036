// Tensor as a Python object: a raw CPython type in which the handle itself lies. An instance of pybind11's would cost more
// than a small operation does: it is entered into a table of all instances, its handle gets a block of memory, and both are
// undone when it dies. Methods and functions are bound by pybind11 all the same; the caster below tells it how to find a
// tensor in an object and how to make an object for one. Read next: tensor_object.cpp (life, operators, .grad).
#pragma once

#include <pybind11/pybind11.h>

#include <trigrad/tensor/tensor.hpp>

namespace py = pybind11;

namespace trigrad {

struct TensorObject {
  PyObject ob_base;
  Tensor tensor;
  PyObject* grad;  // what x.grad gave last: it is one object for as long as it is one tensor
  PyObject* dict;
  PyObject* weakrefs;
};

extern PyTypeObject* tensor_type;

PyObject* wrap(Tensor x);  // a new object

inline bool is_tensor(py::handle object) { return PyObject_TypeCheck(object.ptr(), tensor_type); }
inline Tensor* tensor_in(py::handle object) {  // null where there is none
  return is_tensor(object) ? &reinterpret_cast<TensorObject*>(object.ptr())->tensor : nullptr;
}
Tensor& as_self(py::handle object);  // TypeError where there is none

}  // namespace trigrad

namespace pybind11 {

template <>
inline bool isinstance<trigrad::Tensor>(handle object) {
  return trigrad::is_tensor(object);
}

namespace detail {
template <>
class type_caster<trigrad::Tensor> {
 public:
  static constexpr auto name = const_name("trigrad._core.tensor.Tensor");
  template <class T>
  using cast_op_type = detail::cast_op_type<T>;

  bool load(handle object, bool /*convert*/) {
    tensor_ = trigrad::tensor_in(object);
    return tensor_ != nullptr;
  }
  operator trigrad::Tensor&() { return *tensor_; }
  operator trigrad::Tensor*() { return tensor_; }
  static handle cast(trigrad::Tensor x, return_value_policy /*policy*/, handle /*parent*/) { return trigrad::wrap(std::move(x)); }

 private:
  trigrad::Tensor* tensor_ = nullptr;
};
}  // namespace detail

}  // namespace pybind11
