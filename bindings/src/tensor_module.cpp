// The tensor engine's Python module: the class, and what it takes from and gives to NumPy.

#include "tensor_binding.hpp"

#include <trigrad/tensor/gemm.hpp>
#include <trigrad/tensor/parallel.hpp>
#include <trigrad/tensor/pool.hpp>

namespace trigrad {
namespace {

py::array to_numpy(const Tensor& x) {
  if (x.requires_grad()) throw GraphError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.");
  return array_from_tensor(x);
}

py::object element(const Tensor& x) {
  x.item();  // raises unless there is one
  return visit_dtype(x.dtype(), [&]<class T>() { return py::object(py::cast(*x.data<T>())); });
}

const Tensor& single(std::string_view what, const Tensor& x) {
  if (x.numel() != 1)
    throw ValueError(std::string(what) + ": a tensor of shape " + to_string(x.shape()) + " has " + std::to_string(x.numel()) +
                     (what == "bool" ? " elements and no single truth value; use .any() or .all()" : " elements, not one"));
  return x;
}

void bind_facts(TensorClass& cls) {
  cls.attr("engine") = "tensor_cpp";
  cls.attr("__array_ufunc__") = py::none();  // so that array * tensor reaches Tensor.__rmul__
  cls.def_property_readonly("shape", [](const Tensor& x) { return tuple_of(x.cell()->sizes()); }, "The size of each dim, as a tuple.");
  cls.def(
      "size",
      [](const Tensor& x, std::optional<std::int64_t> dim) -> py::object {
        if (dim) return py::int_(x.size(wrap_dim("size", *dim, x.shape())));
        return tuple_of(x.cell()->sizes());
      },
      py::arg("dim") = py::none(), "The shape, or the size of one dim.");
  cls.def_property_readonly(
      "dtype", [](const Tensor& x) { return numpy_dtype(x.dtype()); }, "NumPy's dtype: float32, float64, int64 or bool.");
  cls.def_property_readonly("ndim", &Tensor::ndim, "The number of dims.");
  cls.def("dim", &Tensor::ndim, "The number of dims.");
  cls.def("numel", &Tensor::numel, "The number of elements.");
  cls.def(
      "stride", [](const Tensor& x) { return tuple_of(x.cell()->strides()); },
      "How many elements apart neighbours along each dim lie in memory.");
  cls.def("is_contiguous", &Tensor::is_contiguous, "Whether the elements lie in row-major order without gaps.");
  cls.def_property_readonly(
      "T",
      [](const Tensor& x) {
        Dims order;
        for (int k = x.ndim() - 1; k >= 0; --k) order.push_back(k);
        return permute(x, order);
      },
      "A view with the dims in reverse order: the transpose of a matrix.");
  cls.def_property_readonly(
      "mT", [](const Tensor& x) { return transpose(x, -2, -1); },
      "A view with the last two dims exchanged: a stack of matrices, transposed.");
  cls.def("data_ptr", [](const Tensor& x) { return reinterpret_cast<std::uintptr_t>(x.raw()); }, "The address of the first element.");
}

// To NumPy None and `object` are dtypes; to a user they are mistakes.
DType given_dtype(std::string_view op, py::handle dtype) {
  if (dtype.is_none()) throw TypeError(std::string(op) + ": a dtype is needed, not None");
  return dtype_from(dtype);
}

void bind_conversions(TensorClass& cls) {
  cls.def("numpy", &to_numpy, R"(An array that shares memory. Writing through it is invisible to autograd.

    >>> x = tg.zeros(3)
    >>> x.numpy()[0] = 7
    >>> x
    tensor([7., 0., 0.]))");
  cls.def(
      "__array__",
      [](const Tensor& x, py::object dtype, py::object copy) -> py::object {
        py::object array = to_numpy(x);
        if (!dtype.is_none() && !py::object(array.attr("dtype")).equal(py::module_::import("numpy").attr("dtype")(dtype))) {
          if (!copy.is_none() && !py::cast<bool>(copy)) throw ValueError("__array__: another dtype needs a copy");
          return array.attr("astype")(dtype);
        }
        return !copy.is_none() && py::cast<bool>(copy) ? array.attr("copy")() : array;
      },
      py::arg("dtype") = py::none(), py::arg("copy") = py::none(),
      "For np.asarray(x) and np.array(x): shares memory unless asked for a copy or another dtype.");
  cls.def(
      "__dlpack__", [](const Tensor& x, const py::kwargs& kwargs) { return to_numpy(x).attr("__dlpack__")(**kwargs); },
      "For np.from_dlpack(x), torch.from_dlpack(x) and the like; shares memory.");
  cls.def("__dlpack_device__", [](const Tensor&) { return py::make_tuple(1, 0); });  // the CPU
  cls.def("item", &element, "The one element as a Python number.");
  cls.def("tolist", [](const Tensor& x) { return array_from_tensor(x).attr("tolist")(); }, "Nested lists of Python numbers.");
  cls.def("__bool__", [](const Tensor& x) { return single("bool", x).item() != 0; });
  cls.def("__float__", [](const Tensor& x) { return single("float", x).item(); });
  cls.def("__int__", [](const Tensor& x) { return py::int_(element(single("int", x))); });
  cls.def("__index__", [](const Tensor& x) {
    if (is_floating(x.dtype())) throw TypeError("index: only a one-element int tensor is an index, not " + std::string(name_of(x.dtype())));
    return py::int_(element(single("index", x)));
  });
  const auto converted = [](const py::object& self, DType dtype) { return itself_or(self, to_dtype(as_self(self), dtype)); };
  const auto to = [converted](py::object self, py::object dtype) { return converted(self, given_dtype("to", dtype)); };
  constexpr const char* kTo = R"(Itself, or a copy of another dtype; gradients pass through.

    >>> tg.tensor([1, 2]).to(tg.float64)
    tensor([1., 2.], dtype=float64))";
  cls.def("to", to, py::arg("dtype"), kTo);
  cls.def("astype", to, py::arg("dtype"), "NumPy's name for to().");
  const auto as = [&](const char* name, DType dtype, const char* doc) {
    cls.def(name, [converted, dtype](py::object self) { return converted(self, dtype); }, doc);
  };
  as("float", DType::Float32, "to(float32).");
  as("double", DType::Float64, "to(float64).");
  as("long", DType::Int64, "to(int64); fractions are cut off.");
  as("bool", DType::Bool, "to(bool): whether each element is not zero.");
  cls.def("clone", &clone, "A copy; gradients pass through.");
  cls.def(
      "contiguous", [](py::object self) { return itself_or(self, contiguous(as_self(self))); }, "Itself, or a copy in row-major order.");
}

void bind_in_place(TensorClass& cls) {
  const auto in_place = [&](const char* name, Tensor& (Tensor::*change)(const Tensor&), const char* doc) {
    cls.def(
        name,
        [name, change](py::object self, py::object other) {
          (as_self(self).*change)(as_operand(name, other));
          return self;
        },
        py::arg("other"), doc);
  };
  in_place("add_", &Tensor::add_, "Adds other in place; returns itself. Raises on a tensor that a graph tracks, unless inside no_grad().");
  in_place("sub_", &Tensor::sub_, "Subtracts other in place, as add_ adds.");
  in_place("mul_", &Tensor::mul_, "Multiplies by other in place, as add_ adds.");
  in_place("div_", &Tensor::div_, "Divides by other in place, as add_ adds.");
  in_place("pow_", &Tensor::pow_, "Raises to the power of other in place, as add_ adds.");
  cls.def(
      "copy_",
      [](py::object self, py::object source) {
        as_self(self).copy_(as_operand("copy_", source));
        return self;
      },
      py::arg("source"), "Takes the numbers of source, broadcast to this shape and converted to this dtype; returns itself.");
  cls.def(
      "fill_",
      [](py::object self, const py::object& value) {
        as_self(self).store_(one_number("fill_", "value", value, as_self(self).dtype()), "fill_");
        return self;
      },
      py::arg("value"), "Every element becomes value; returns itself.");
  cls.def(
      "zero_",
      [](py::object self) {
        as_self(self).zero_();
        return self;
      },
      "Every element becomes 0; returns itself.");
}

}  // namespace

void bind_tensor(py::module_& m) {
  TensorClass cls = make_tensor_class();
  m.attr("Tensor") = cls;
  bind_facts(cls);
  bind_conversions(cls);
  bind_in_place(cls);
  bind_elementwise(m, cls);
  bind_functions(m, cls);
  bind_creation(m);
  bind_indexing(m, cls);
  bind_autograd(m, cls);
  bind_optim(m);
  bind_capture(m);
  m.def("get_num_threads", &num_threads, "How many threads a large matrix product may use.");
  m.def("set_num_threads", &set_num_threads, py::arg("n"),
        "How many threads a large matrix product may use: as many as there are processors, unless OMP_NUM_THREADS or this "
        "says otherwise. Results do not depend on it.");
  m.def("gemm_backends", &gemm_backends, "Who can multiply matrices.");
  m.def("gemm_backend", [] { return std::string(gemm_backend()); }, "Who multiplies matrices now.");
  m.def("load_gemm_library", &load_gemm_library, py::arg("path"), py::arg("name"),
        "Adds a shared library with cblas_sgemm and cblas_dgemm, or dnnl_sgemm, to those who can multiply.");
  m.def("set_gemm_backend", &set_gemm_backend, py::arg("name"), "Chooses who multiplies matrices, for comparisons.");
  m.def(
      "set_default_dtype", [](py::object dtype) { set_default_dtype(given_dtype("set_default_dtype", dtype)); }, py::arg("dtype"),
      "What Python floats become, and what zeros() and the like make: float32 unless set.");
  m.def("get_default_dtype", [] { return numpy_dtype(default_dtype()); }, "What Python floats become: float32 unless set.");
  m.def(
      "_pool_counters",
      [] {
        const PoolCounters counters = pool_counters();
        py::dict named;
        named["system_calls"] = counters.system_calls;
        named["live_bytes"] = counters.live_bytes;
        named["peak_bytes"] = counters.peak_bytes;
        return named;
      },
      "What the pool of tensor memory has asked the system for, and holds.");
  m.def("_pool_reset_peak", &pool_reset_peak, "Counts the most that is live at once from now on.");
  explain_wrong_calls(m);
}

}  // namespace trigrad
