// See convert.hpp.

#include "convert.hpp"

namespace trigrad {
namespace {

constexpr DType kAll[] = {DType::Bool, DType::Int64, DType::Float32, DType::Float64};

py::module_ numpy() { return py::module_::import("numpy"); }

}  // namespace

py::object numpy_dtype(DType dtype) {
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<std::array<py::object, 4>> storage;
  return storage
      .call_once_and_store_result([] {
        std::array<py::object, 4> made;
        for (const DType d : kAll) made[static_cast<std::size_t>(d)] = numpy().attr("dtype")(std::string(name_of(d)));
        return made;
      })
      .get_stored()[static_cast<std::size_t>(dtype)];
}

DType dtype_from(py::handle object) {
  const py::object wanted = numpy().attr("dtype")(object);
  for (const DType dtype : kAll)
    if (wanted.equal(numpy_dtype(dtype))) return dtype;
  throw DTypeError("dtype: " + py::str(wanted).cast<std::string>() + " is not one of bool, int64, float32, float64");
}

std::optional<DType> maybe_dtype(py::handle object) {
  if (object.is_none()) return std::nullopt;
  return dtype_from(object);
}

// An object that says it is an index may still refuse, as a tensor of several elements does: NumPy's error then stands.
std::int64_t index_from(py::handle object) {
  const auto index = py::reinterpret_steal<py::object>(PyNumber_Index(object.ptr()));
  if (!index) throw py::error_already_set();
  return py::cast<std::int64_t>(index);
}

// Whether a number is whole by its type: an int, NumPy's or ours.
bool is_whole(py::handle object) {
  if (const Tensor* const x = tensor_in(object)) return !is_floating(x->dtype());
  if (py::isinstance<py::array>(object)) return py::reinterpret_borrow<py::array>(object).dtype().kind() != 'f';
  return PyIndex_Check(object.ptr()) != 0;
}

Dims dims_from(std::string_view op, py::handle object) {
  if (PyIndex_Check(object.ptr()) && !py::isinstance<Tensor>(object)) return {index_from(object)};
  Dims dims;
  if (!py::isinstance<py::sequence>(object) || py::isinstance<py::str>(object) || py::isinstance<Tensor>(object))
    throw TypeError(std::string(op) + ": sizes and dims are ints or sequences of ints, not " + Py_TYPE(object.ptr())->tp_name);
  for (const py::handle item : object) {
    if (!PyIndex_Check(item.ptr())) throw TypeError(std::string(op) + ": sizes and dims are ints, not " + Py_TYPE(item.ptr())->tp_name);
    dims.push_back(index_from(item));
  }
  return dims;
}

Dims dims_from_args(std::string_view op, const py::args& args) {
  return dims_from(op, args.size() == 1 && !PyIndex_Check(args[0].ptr()) ? py::object(args[0]) : py::object(args));
}

Dims dims_or_all(std::string_view op, py::handle object) { return object.is_none() ? Dims() : dims_from(op, object); }

py::tuple tuple_of(std::span<const std::int64_t> numbers) {
  py::tuple made(numbers.size());
  for (std::size_t k = 0; k < numbers.size(); ++k) made[k] = numbers[k];
  return made;
}

Tensor tensor_from_array(const py::array& given, bool copy, std::optional<DType> dtype) {
  const char kind = given.dtype().kind();
  const auto item = given.dtype().itemsize();
  DType natural;
  if (kind == 'b') natural = DType::Bool;
  else if (kind == 'i' || kind == 'u') natural = DType::Int64;
  else if (kind == 'f') natural = item <= 4 ? DType::Float32 : DType::Float64;
  else
    throw DTypeError("tensor: an array of dtype " + py::str(given.dtype()).cast<std::string>() +
                     " has no counterpart; use bool, int64, float32 or float64");
  const DType wanted = dtype.value_or(natural);
  py::array array = given;
  bool own = false;
  if (!array.dtype().equal(numpy_dtype(wanted))) {
    if (kind == 'u' && item == 8 && wanted == DType::Int64 && given.size() > 0) {
      constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
      if (py::cast<std::uint64_t>(given.attr("max")()) > most) throw ValueError("tensor: a number does not fit int64");
    }
    array = py::array(given.attr("astype")(numpy_dtype(wanted)));
    own = true;
  }
  Dims shape, strides;
  bool plain = (array.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_) != 0;
  const auto width = static_cast<std::int64_t>(size_of(wanted));
  for (py::ssize_t k = 0; k < array.ndim(); ++k) {
    shape.push_back(array.shape(k));
    strides.push_back(array.strides(k) / width);
    plain = plain && array.strides(k) >= 0 && array.strides(k) % width == 0;
  }
  if (!plain && !own) {
    array = py::array(numpy().attr("ascontiguousarray")(array)).reshape(std::vector<py::ssize_t>(shape.begin(), shape.end()));
    strides = contiguous_strides(shape);
  }
  if (!copy && !own && !array.writeable()) copy = true;
  auto* owner = new py::object(array);
  Storage* storage = share_memory(
      const_cast<void*>(array.data()), static_cast<std::size_t>(array.nbytes()),
      [](void* held) {
        const py::gil_scoped_acquire gil;
        delete static_cast<py::object*>(held);
      },
      owner);
  const Tensor shared(new_cell(wanted, shape, strides, storage, 0));
  return copy ? clone(shared) : shared;
}

py::array array_from_tensor(const Tensor& x) {
  std::vector<py::ssize_t> shape, strides;
  for (int k = 0; k < x.ndim(); ++k) {
    shape.push_back(x.size(k));
    strides.push_back(x.strides()[k] * static_cast<py::ssize_t>(size_of(x.dtype())));
  }
  const py::capsule owner(new Tensor(x), [](void* held) { delete static_cast<Tensor*>(held); });
  return py::array(py::reinterpret_borrow<py::dtype>(numpy_dtype(x.dtype())), shape, strides, x.raw(), owner);
}

py::array array_from(std::string_view op, py::handle data) {
  try {
    return py::array(numpy().attr("asarray")(data));
  } catch (py::error_already_set& error) {
    if (error.matches(py::module_::import("trigrad.errors").attr("GraphError")))
      throw GraphError(std::string(op) + ": a list cannot carry the gradient of a tensor in it; stack() does, or detach() the tensor");
    throw ValueError(std::string(op) + ": the data is not a number, an array or evenly nested lists (" +
                     py::str(error.value()).cast<std::string>() + ")");
  }
}

namespace {
// Whether nested lists hold Python's numbers, which their first one tells.
bool holds_numbers(py::handle list) {
  while (PyList_Check(list.ptr()) || PyTuple_Check(list.ptr())) {
    if (PySequence_Fast_GET_SIZE(list.ptr()) == 0) return true;
    list = PySequence_Fast_GET_ITEM(list.ptr(), 0);
  }
  return PyFloat_Check(list.ptr()) || PyLong_Check(list.ptr());
}
}  // namespace

Tensor as_operand(std::string_view op, py::handle object) {
  if (const Tensor* tensor = tensor_in(object)) return *tensor;
  PyObject* raw = object.ptr();
  Tensor number;
  if (PyBool_Check(raw)) number = full({}, raw == Py_True, DType::Bool);
  else if (PyFloat_Check(raw)) number = full({}, PyFloat_AS_DOUBLE(raw), DType::Float64);  // float64 arithmetic must see all its digits
  else if (PyLong_Check(raw)) {
    int overflow = 0;
    const long long value = PyLong_AsLongLongAndOverflow(raw, &overflow);
    if (overflow) throw ValueError(std::string(op) + ": " + py::str(object).cast<std::string>() + " does not fit int64");
    number = full({}, 0, DType::Int64);
    *number.data<std::int64_t>() = value;
  }
  if (number.defined()) {
    number.cell()->weak = true;  // it takes part in promotion by category only
    return number;
  }
  if (py::hasattr(object, "engine") && !py::isinstance<py::type>(object))
    throw TypeError(std::string(op) + ": a " + py::cast<std::string>(object.attr("engine")) +
                    " tensor cannot meet a tensor_cpp tensor; convert it with .detach().numpy() first");
  if (py::isinstance<py::array>(object)) return tensor_from_array(py::reinterpret_borrow<py::array>(object), false);
  const bool is_list = PyList_Check(raw) || PyTuple_Check(raw);
  if (!is_list && !py::hasattr(object, "__array__"))
    throw TypeError(std::string(op) + ": a tensor or a number is needed, not " + Py_TYPE(raw)->tp_name);
  const Tensor x = tensor_from_array(array_from(op, object), true);
  x.cell()->weak = is_list && holds_numbers(object);
  return x;
}

namespace {
bool is_number(const Tensor& x) { return x.cell()->weak; }
}  // namespace

void settle(std::span<Tensor> operands) {
  if (std::ranges::none_of(operands, is_number)) return;
  std::vector<const Tensor*> all;
  for (const Tensor& x : operands) all.push_back(&x);
  DType common = promote(all);
  if (is_floating(common) && std::ranges::all_of(operands, is_number)) common = default_dtype();
  for (Tensor& x : operands)
    if (is_number(x)) {
      x = to_dtype(x, common);
      x.cell()->weak = false;
    }
}

Tensor as_tensor(std::string_view op, py::handle object) { return settled(op, object)[0]; }

Tensor one_number(std::string_view op, std::string_view argument, py::handle object, DType dtype) {
  const Tensor number = as_operand(op, object);
  if (number.ndim() != 0)
    throw ShapeError(std::string(op) + ": " + std::string(argument) + " must be one number, not of shape " + to_string(number.shape()));
  return to_dtype(number, dtype);
}

std::shared_ptr<py::object> shared_object(py::object object) {
  return {new py::object(std::move(object)), [](py::object* held) {
            const py::gil_scoped_acquire gil;
            delete held;
          }};
}

}  // namespace trigrad
