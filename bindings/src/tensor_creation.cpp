// Creation and random numbers. Every function takes dtype= and requires_grad=.

#include "tensor_binding.hpp"

#include <cmath>

namespace trigrad {
namespace {

Tensor finish(Tensor x, bool requires_grad) {
  if (requires_grad) x.set_requires_grad();
  return x;
}

DType dtype_or_default(py::handle dtype) { return maybe_dtype(dtype).value_or(default_dtype()); }

// Python numbers decide for themselves: ints make int64, bools bool, floats the default dtype.
Tensor from_data(py::handle data, py::handle dtype, bool copy) {
  const auto wanted = maybe_dtype(dtype);
  if (const Tensor* x = tensor_in(data)) {
    if (wanted && *wanted != x->dtype()) return to_dtype(copy ? x->detach() : *x, *wanted);
    return copy ? clone(x->detach()) : *x;
  }
  const bool is_array = py::isinstance<py::array>(data) || py::hasattr(data, "__array__");
  if (py::isinstance<py::type>(data) || data.is_none() || py::isinstance<py::str>(data) || py::isinstance<py::bytes>(data) ||
      py::isinstance<py::dict>(data) || py::isinstance<py::set>(data))
    throw TypeError(std::string("tensor: the data is a number, an array or nested lists of numbers, not ") + Py_TYPE(data.ptr())->tp_name);
  if (py::hasattr(data, "engine"))
    throw TypeError("tensor: a " + py::cast<std::string>(data.attr("engine")) +
                    " tensor cannot meet a tensor_cpp tensor; convert it with .detach().numpy() first");
  const py::array array = array_from("tensor", data);
  std::optional<DType> target = wanted;
  if (!target && !is_array && array.dtype().kind() == 'f') target = default_dtype();
  return tensor_from_array(array, copy, target);
}

// A shape whose elements can be counted and addressed.
Dims checked_size(std::string_view op, Dims size) {
  double bytes = 8;
  for (const std::int64_t n : size) {
    if (n < 0) throw ShapeError(std::string(op) + ": a size cannot be negative: " + to_string(size));
    bytes *= static_cast<double>(n);
  }
  if (bytes > 0x1p60) throw ShapeError(std::string(op) + ": shape " + to_string(size) + " has more elements than memory can hold");
  return size;
}

Dims size_argument(std::string_view op, const py::args& args, const py::kwargs& kwargs) {
  return checked_size(op, kwargs.contains("size") ? dims_from(op, kwargs["size"]) : dims_from_args(op, args));
}

// Doubles would lose digits beyond 2^53, so Python counts.
Tensor whole_range(const py::object& start, const py::object& end, const py::object& step) {
  const std::int64_t first = index_from(start), by = index_from(step);
  Tensor z = arange(0, static_cast<double>(py::len(py::module_::import("builtins").attr("range")(start, end, step))));
  for (std::int64_t k = 0; k < z.numel(); ++k) z.data<std::int64_t>()[k] = first + k * by;
  return z;
}

struct Common {
  DType dtype;
  bool requires_grad = false;
  Generator* generator = nullptr;
};

// Any int: its low 64 bits, so that -1 is a seed, too.
std::uint64_t seed_from(const py::int_& seed) {
  const std::uint64_t bits = PyLong_AsUnsignedLongLongMask(seed.ptr());
  if (PyErr_Occurred()) throw py::error_already_set();
  return bits;
}

Generator* generator_from(std::string_view op, py::handle value) {
  if (!value.is_none() && !py::isinstance<Generator>(value))
    throw TypeError(std::string(op) + ": generator must be a Generator, not " + Py_TYPE(value.ptr())->tp_name);
  return value.is_none() ? nullptr : py::cast<Generator*>(value);
}

double number_from(std::string_view op, const char* name, py::handle value) {
  const double number = PyFloat_AsDouble(value.ptr());
  if (number == -1 && PyErr_Occurred()) {
    PyErr_Clear();
    throw TypeError(std::string(op) + ": " + name + " must be a number, not " + Py_TYPE(value.ptr())->tp_name);
  }
  if (!std::isfinite(number)) throw ValueError(std::string(op) + ": " + name + " must be finite");
  return number;
}

Common common(std::string_view op, const py::kwargs& kwargs) {
  Common options{dtype_or_default(kwargs.contains("dtype") ? py::object(kwargs["dtype"]) : py::none())};
  for (const auto& [key, value] : kwargs) {
    const auto name = py::cast<std::string>(key);
    if (name == "requires_grad") options.requires_grad = PyObject_IsTrue(value.ptr()) == 1;
    else if (name == "generator") options.generator = generator_from(op, value);
    else if (name != "dtype" && name != "size") throw TypeError(std::string(op) + ": unexpected keyword argument '" + name + "'");
  }
  return options;
}

template <class F>
void bind_filled(py::module_& m, const char* name, F make, const char* doc) {
  m.def(
      name,
      [make, name](const py::args& args, const py::kwargs& kwargs) {
        const Common options = common(name, kwargs);
        return finish(make(size_argument(name, args, kwargs), options), options.requires_grad);
      },
      doc);
}

template <class F>
void bind_like(py::module_& m, const char* name, F make, const char* doc) {
  m.def(
      name,
      [make](const Tensor& input, py::object dtype, bool requires_grad) {
        return finish(make(input.shape(), maybe_dtype(dtype).value_or(input.dtype())), requires_grad);
      },
      py::arg("input"), py::kw_only(), py::arg("dtype") = py::none(), py::arg("requires_grad") = false, doc);
}

}  // namespace

void bind_creation(py::module_& m) {
  m.def(
      "tensor", [](py::object data, py::object dtype, bool requires_grad) { return finish(from_data(data, dtype, true), requires_grad); },
      py::arg("data"), py::arg("dtype") = py::none(), py::arg("requires_grad") = false,
      R"(A new tensor with a copy of the data: a number, nested lists, an array or another tensor.

    Floats take the default dtype, arrays keep theirs.

    >>> tg.tensor([[1.0, 2.0], [3.0, 4.0]])
    tensor([[1., 2.],
            [3., 4.]])
    >>> tg.tensor([1, 2]).dtype
    dtype('int64'))");
  m.def(
      "as_tensor",
      [](py::object data, py::object dtype) {
        const Tensor x = from_data(data, dtype, false);
        return py::isinstance<Tensor>(data) ? itself_or(data, x) : py::cast(x);
      },
      py::arg("data"), py::arg("dtype") = py::none(),
      "A tensor that shares memory with the data where it can; a tensor is returned as it is.");
  m.def(
      "from_numpy",
      [](const py::object& array) {
        if (!py::isinstance<py::array>(array))
          throw TypeError(std::string("from_numpy: a NumPy array is needed, not ") + Py_TYPE(array.ptr())->tp_name);
        return tensor_from_array(py::reinterpret_borrow<py::array>(array), false);
      },
      py::arg("array"), R"(A tensor that shares the array's memory.

    An array of another dtype or byte order, with a negative stride, or read-only, is copied.

    >>> a = np.zeros(3)
    >>> x = tg.from_numpy(a)
    >>> a[1] = 5
    >>> x
    tensor([0., 5., 0.], dtype=float64))");
  bind_filled(m, "zeros", [](const Dims& s, const Common& o) { return zeros(s, o.dtype); }, "Zeros of a shape.");
  bind_filled(m, "ones", [](const Dims& s, const Common& o) { return ones(s, o.dtype); }, "Ones of a shape.");
  bind_filled(m, "empty", [](const Dims& s, const Common& o) { return zeros(s, o.dtype); }, "A tensor to be filled; its numbers are zero.");
  bind_filled(m, "rand", [](const Dims& s, const Common& o) { return rand(s, o.dtype, o.generator); }, "Uniform numbers in [0, 1).");
  bind_filled(
      m, "randn", [](const Dims& s, const Common& o) { return randn(s, o.dtype, o.generator); },
      "Normal numbers (sums of twelve uniforms).");
  m.def(
      "full",
      [](py::object size, py::object value, py::object dtype, bool requires_grad) {
        const Tensor one = from_data(value, dtype, true);
        Tensor x = empty(checked_size("full", dims_from("full", size)), one.dtype());
        return finish(x.copy_(one), requires_grad);
      },
      py::arg("size"), py::arg("fill_value"), py::kw_only(), py::arg("dtype") = py::none(), py::arg("requires_grad") = false,
      "One value in a shape.");
  m.def(
      "eye",
      [](std::int64_t n, std::optional<std::int64_t> columns, py::object dtype, bool requires_grad) {
        return finish(eye(n, columns.value_or(n), dtype_or_default(dtype)), requires_grad);
      },
      py::arg("n"), py::arg("m") = py::none(), py::kw_only(), py::arg("dtype") = py::none(), py::arg("requires_grad") = false,
      "Ones on the diagonal.");
  m.def(
      "arange",
      [](py::object start, py::object end, py::object step, py::object dtype, bool requires_grad) {
        if (end.is_none()) {
          end = start;
          start = py::int_(0);
        }
        const bool whole = is_whole(start) && is_whole(end) && is_whole(step);
        const DType type = maybe_dtype(dtype).value_or(whole ? DType::Int64 : default_dtype());
        if (whole && type == DType::Int64 && index_from(step) != 0)
          if (const Tensor counted = whole_range(start, end, step); counted.numel() > 0) return finish(counted, requires_grad);
        return finish(
            arange(number_from("arange", "start", start), number_from("arange", "end", end), number_from("arange", "step", step), type),
            requires_grad);
      },
      py::arg("start"), py::arg("end") = py::none(), py::arg("step") = 1, py::kw_only(), py::arg("dtype") = py::none(),
      py::arg("requires_grad") = false, "start, start + step, ... below end.");
  m.def(
      "linspace",
      [](double start, double end, std::int64_t steps, py::object dtype, bool requires_grad) {
        return finish(linspace(start, end, steps, dtype_or_default(dtype)), requires_grad);
      },
      py::arg("start"), py::arg("end"), py::arg("steps"), py::kw_only(), py::arg("dtype") = py::none(), py::arg("requires_grad") = false,
      "Evenly spaced numbers from start to end, both included.");
  bind_like(m, "zeros_like", [](const Dims& s, DType d) { return zeros(s, d); }, "Zeros of the shape and dtype of input.");
  bind_like(m, "ones_like", [](const Dims& s, DType d) { return ones(s, d); }, "Ones of the shape and dtype of input.");
  bind_like(m, "rand_like", [](const Dims& s, DType d) { return rand(s, d); }, "Uniform numbers in the shape and dtype of input.");
  bind_like(m, "randn_like", [](const Dims& s, DType d) { return randn(s, d); }, "Normal numbers in the shape and dtype of input.");
  m.def(
      "full_like",
      [](const Tensor& input, py::object value, py::object dtype, bool requires_grad) {
        Tensor made = empty(input.shape(), maybe_dtype(dtype).value_or(input.dtype()));
        return finish(made.store_(one_number("full_like", "fill_value", value, made.dtype()).detach(), "full_like"), requires_grad);
      },
      py::arg("input"), py::arg("fill_value"), py::kw_only(), py::arg("dtype") = py::none(), py::arg("requires_grad") = false,
      "One value in the shape and dtype of input.");
  py::class_<Generator, std::shared_ptr<Generator>>(m, "Generator",
                                                    "A stream of random numbers: Philox4x32-10, the same bits in every engine.")
      .def(py::init([](const py::int_& seed) { return Generator(seed_from(seed)); }), py::arg("seed") = 0)
      .def(
          "manual_seed",
          [](py::object self, const py::int_& seed) {
            py::cast<Generator&>(self).manual_seed(seed_from(seed));
            return self;
          },
          py::arg("seed"), "Starts the stream anew; returns itself.")
      .def(
          "get_state", [](const Generator& g) { return std::pair(g.seed(), g.next_block()); }, "(seed, next block): all there is.")
      .def(
          "set_state",
          [](py::object self, std::pair<std::uint64_t, std::uint64_t> state) {
            py::cast<Generator&>(self).set_state(state.first, state.second);
            return self;
          },
          py::arg("state"), "Goes on from what get_state returned; returns itself.");
  m.def(
      "manual_seed",
      [](const py::int_& seed) {
        manual_seed(seed_from(seed));
        return py::cast(&default_generator(), py::return_value_policy::reference);
      },
      py::arg("seed"), R"(Starts the default generator anew, and returns it.

    >>> _ = tg.manual_seed(0)
    >>> first = tg.rand(2)
    >>> _ = tg.manual_seed(0)
    >>> (tg.rand(2) == first).all()
    tensor(True))");
  m.def(
      "randint",
      [](std::int64_t low, py::object high, py::object size, Generator* generator) {
        if (!PyIndex_Check(high.ptr())) {  // randint(high, size)
          if (!high.is_none()) size = high;
          return randint(0, low, checked_size("randint", dims_from("randint", size)), generator);
        }
        return randint(low, py::cast<std::int64_t>(high), checked_size("randint", dims_from("randint", size)), generator);
      },
      py::arg("low"), py::arg("high") = py::none(), py::arg("size") = py::none(), py::kw_only(), py::arg("generator") = nullptr,
      "Integers in [low, high).");
  m.def(
      "randperm", [](std::int64_t n, Generator* generator) { return randperm(checked_size("randperm", {n})[0], generator); }, py::arg("n"),
      py::kw_only(), py::arg("generator") = nullptr, "The integers below n in random order.");
}

}  // namespace trigrad
