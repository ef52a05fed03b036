// What a compiled step's call looks like, and what it returned: two descriptions that hold no numbers of their own.
//
// A program serves a call whose arguments look as those of the recorded one did: tensors by shape, strides, dtype and
// requires_grad, everything else by value. Read before: tensor_capture.cpp.
#pragma once

#include "tensor_binding.hpp"

namespace trigrad::steps {

inline bool is_sequence(py::handle object) { return PyTuple_Check(object.ptr()) || PyList_Check(object.ptr()); }

inline bool same_value(py::handle x, py::handle y) {  // 1, 1.0 and True are three values
  if (x.is(y)) return true;
  if (Py_TYPE(x.ptr()) != Py_TYPE(y.ptr())) return false;
  const int equal = PyObject_RichCompareBool(x.ptr(), y.ptr(), Py_EQ);
  if (equal < 0) throw py::error_already_set();
  return equal == 1;
}

// --- arguments -------------------------------------------------------------------------------------------------------
class Signature {
 public:
  Signature(const py::tuple& args, const py::dict& kwargs) {
    describe(args);
    describe(kwargs);
  }

  // Whether a call looks like the one that was recorded; its tensors in order.
  bool matches(py::handle args, py::handle kwargs, std::vector<Tensor>& tensors, std::vector<py::handle>& objects) const {
    std::size_t next = 0;
    return match(args, next, tensors, objects) && match(kwargs, next, tensors, objects) && next == leaves_.size();
  }

 private:
  struct Leaf {
    PyTypeObject* container = nullptr;  // a tuple, list or dict, or a subclass of one
    Py_ssize_t size = 0;                // of the container
    py::object value;                   // a dict: its keys; no container and no tensor: the value
    Tensor like{};                      // a tensor of this shape, strides and dtype
    std::size_t first_equal = 0;        // the first tensor argument that is the same one
  };

  static std::size_t first_equal(const std::vector<Tensor>& tensors) {
    std::size_t k = 0;
    while (!tensors[k].is_same(tensors.back())) ++k;
    return k;
  }

  void describe(py::handle object) {
    Leaf leaf;
    if (is_sequence(object) || PyDict_Check(object.ptr())) leaf.container = Py_TYPE(object.ptr());
    if (const Tensor* x = tensor_in(object)) {
      seen_.push_back(*x);
      // Facts without numbers: a detached cell of the same look over an empty storage.
      leaf.like = Tensor(new_cell(x->dtype(), x->shape(), x->strides(), new_storage(0), 0));
      leaf.like.set_requires_grad(x->requires_grad());
      leaf.first_equal = first_equal(seen_);
      leaves_.push_back(std::move(leaf));
    } else if (PyDict_Check(object.ptr())) {
      leaf.size = PyDict_GET_SIZE(object.ptr());
      leaf.value = py::tuple(py::reinterpret_borrow<py::dict>(object));
      leaves_.push_back(std::move(leaf));
      for (const auto& [key, value] : py::reinterpret_borrow<py::dict>(object)) describe(value);
    } else if (leaf.container) {
      leaf.size = PySequence_Fast_GET_SIZE(object.ptr());
      leaves_.push_back(std::move(leaf));
      for (const py::handle part : py::reinterpret_borrow<py::sequence>(object)) describe(part);
    } else {
      if (PyObject_Hash(object.ptr()) == -1) {
        PyErr_Clear();
        throw CaptureError(std::string("compile: an argument of type ") + Py_TYPE(object.ptr())->tp_name +
                           " cannot be told from another by its value; pass tensors (tg.tensor(array)), numbers, strings, or tuples, "
                           "lists and dicts of them");
      }
      leaf.value = py::reinterpret_borrow<py::object>(object);
      leaves_.push_back(std::move(leaf));
    }
  }

  bool match(py::handle object, std::size_t& next, std::vector<Tensor>& tensors, std::vector<py::handle>& objects) const {
    if (next == leaves_.size()) return false;
    const Leaf& leaf = leaves_[next++];
    if (leaf.like.defined()) {
      const Tensor* x = tensor_in(object);
      if (!x) return false;
      tensors.push_back(*x);
      objects.push_back(object);
      const Cell &now = *x->cell(), &then = *leaf.like.cell();
      return now.dtype == then.dtype && now.requires_grad == then.requires_grad && !now.weak &&
             std::ranges::equal(now.sizes(), then.sizes()) && std::ranges::equal(now.strides(), then.strides()) &&
             first_equal(tensors) == leaf.first_equal;
    }
    if (!leaf.container) return !tensor_in(object) && same_value(object, leaf.value);
    if (Py_TYPE(object.ptr()) != leaf.container) return false;
    if (PyDict_Check(object.ptr())) {
      if (PyDict_GET_SIZE(object.ptr()) != leaf.size) return false;
      PyObject *key = nullptr, *value = nullptr;
      Py_ssize_t at = 0;
      for (Py_ssize_t k = 0; PyDict_Next(object.ptr(), &at, &key, &value); ++k)
        if (!same_value(key, PyTuple_GET_ITEM(leaf.value.ptr(), k)) || !match(value, next, tensors, objects)) return false;
      return true;
    }
    if (PySequence_Fast_GET_SIZE(object.ptr()) != leaf.size) return false;
    for (Py_ssize_t k = 0; k < leaf.size; ++k)
      if (!match(PySequence_Fast_GET_ITEM(object.ptr(), k), next, tensors, objects)) return false;
    return true;
  }

  std::vector<Leaf> leaves_;
  std::vector<Tensor> seen_;

 public:
  std::vector<Tensor> take_tensors() { return std::move(seen_); }  // of the recorded call, in order
};

// --- results ---------------------------------------------------------------------------------------------------------
// What the step returned: tensors, and tuples, lists and dicts of them. Anything else is returned as it was.
class Structure {
 public:
  Structure() = default;
  Structure(py::handle object, std::vector<Tensor>& tensors) : type_(py::type::of(object)) {
    if (const Tensor* x = tensor_in(object)) {
      index_ = tensors.size();
      tensors.push_back(*x);
    } else if (PyDict_CheckExact(object.ptr())) {
      for (const auto& [key, value] : py::reinterpret_borrow<py::dict>(object)) add(value, tensors, key);
    } else if (PyList_CheckExact(object.ptr()) || PyTuple_Check(object.ptr())) {
      for (const py::handle part : py::reinterpret_borrow<py::sequence>(object)) add(part, tensors, {});
    } else if (object.is_none() || PyBool_Check(object.ptr()) || PyLong_CheckExact(object.ptr()) || PyFloat_CheckExact(object.ptr()) ||
               PyUnicode_CheckExact(object.ptr())) {
      value_ = py::reinterpret_borrow<py::object>(object);
    } else {
      throw CaptureError(std::string("compile: the step returned something of type ") + Py_TYPE(object.ptr())->tp_name +
                         "; return tensors, or tuples, lists and dicts of them");
    }
  }

  py::object build(const std::vector<Tensor>& tensors) const {
    if (index_) return py::cast(tensors[*index_]);
    if (value_) return value_;
    if (type_.is(py::handle(reinterpret_cast<PyObject*>(&PyDict_Type)))) {
      py::dict made;
      for (std::size_t k = 0; k < parts_.size(); ++k) made[keys_[k]] = parts_[k].build(tensors);
      return made;
    }
    py::list made;
    for (const Structure& part : parts_) made.append(part.build(tensors));
    if (type_.is(py::handle(reinterpret_cast<PyObject*>(&PyList_Type)))) return made;
    return py::hasattr(type_, "_make") ? type_.attr("_make")(made) : type_(made);  // a named tuple, or a tuple
  }

 private:
  void add(py::handle part, std::vector<Tensor>& tensors, py::handle key) {
    parts_.emplace_back(part, tensors);
    keys_.push_back(py::reinterpret_borrow<py::object>(key));
  }
  py::object type_, value_;
  std::optional<std::size_t> index_;
  std::vector<Structure> parts_;
  std::vector<py::object> keys_;
};

}  // namespace trigrad::steps
