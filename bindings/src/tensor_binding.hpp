// The pieces of the tensor module, each in its own file.
#pragma once

#include "convert.hpp"

namespace trigrad {

using TensorClass = py::class_<Tensor>;

TensorClass make_tensor_class();                          // tensor_object.cpp
void bind_elementwise(py::module_& m, TensorClass& cls);  // tensor_elementwise.cpp: from the op list
void bind_functions(py::module_& m, TensorClass& cls);    // tensor_functions.cpp: reductions, products, shapes, losses
void bind_creation(py::module_& m);                       // tensor_creation.cpp
void bind_indexing(py::module_& m, TensorClass& cls);     // tensor_indexing.cpp
void bind_autograd(py::module_& m, TensorClass& cls);     // tensor_autograd.cpp
void bind_optim(py::module_& m);                          // tensor_optim.cpp: the fused updates
void bind_capture(py::module_& m);                        // tensor_capture.cpp: compile
void explain_wrong_calls(py::module_& m);                 // tensor_calls.cpp; when all else is bound

// The object itself where an op gave its tensor back unchanged, as PyTorch does: x.contiguous() is x.
inline py::object itself_or(const py::object& self, const Tensor& z) { return z.is_same(as_self(self)) ? self : py::cast(z); }

// An op of the list on objects of any kind.
Tensor apply_row(const OpRow& row, const PackedAttrs& attrs, std::initializer_list<py::handle> arguments);  // tensor_elementwise.cpp

// One function under one name: for the module, and as a method, where `input` is self.
template <class F, class... Extra>
void bind_both(py::module_& m, TensorClass& cls, const char* name, F f, const py::arg& input, const Extra&... extra) {
  m.def(name, f, input, extra...);
  cls.def(name, f, extra...);
}

}  // namespace trigrad
