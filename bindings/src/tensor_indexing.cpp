// x[...] and x[...] = v. Basic indices (ints, slices, None, ...) make views; integer and boolean arrays make copies by
// NumPy's rules, and repeated places accumulate gradients.

#include "tensor_binding.hpp"

namespace trigrad {
namespace {

struct Parsed {
  Tensor view;                  // after the basic indices
  std::vector<Tensor> indices;  // by axis of view; undefined: the whole axis
  bool advanced = false;
};

bool is_mask(const Tensor& x) { return x.dtype() == DType::Bool; }
bool is_plain_int(py::handle item) {
  if (!PyIndex_Check(item.ptr()) || PyBool_Check(item.ptr()) || py::isinstance<Tensor>(item) || py::isinstance<py::array>(item))
    return false;
  if (PyLong_Check(item.ptr()) || !py::hasattr(item, "__array__")) return true;
  const auto index = py::reinterpret_steal<py::object>(PyNumber_Index(item.ptr()));  // other libraries' tensors: of one number?
  if (!index) PyErr_Clear();
  return static_cast<bool>(index);
}

Parsed parse(const Tensor& x, py::handle key) {
  py::list items;
  if (py::isinstance<py::tuple>(key))
    for (const py::handle item : key) items.append(item);
  else items.append(key);

  // What each item is, and how many axes it uses; arrays are converted once.
  std::vector<Tensor> arrays(items.size());
  int used = 0;
  int given = 0;
  bool advanced = false;
  std::ptrdiff_t ellipsis = -1;
  for (std::size_t k = 0; k < items.size(); ++k) {
    const py::handle item = items[k];
    if (item.is_none()) continue;
    if (item.ptr() == Py_Ellipsis) {
      if (ellipsis >= 0) throw IndexError("getitem: more than one ellipsis");
      ellipsis = static_cast<std::ptrdiff_t>(k);
      continue;
    }
    ++given;
    if (py::isinstance<py::slice>(item) || is_plain_int(item)) {
      ++used;
      continue;
    }
    if (py::isinstance<py::str>(item) || PyFloat_Check(item.ptr()))
      throw IndexError(std::string("getitem: cannot index with ") + Py_TYPE(item.ptr())->tp_name);
    arrays[k] = as_operand("getitem", item);
    if (arrays[k].numel() == 0 && !is_mask(arrays[k])) arrays[k] = to_dtype(arrays[k], DType::Int64);  // [] is a list of ints
    if (is_floating(arrays[k].dtype()))
      throw IndexError("getitem: an index must be of ints or bools, not " + std::string(name_of(arrays[k].dtype())));
    used += is_mask(arrays[k]) ? arrays[k].ndim() : 1;
    advanced = true;
  }
  if (used > x.ndim()) throw IndexError("getitem: " + std::to_string(given) + " indices for a tensor of shape " + to_string(x.shape()));

  Parsed parsed{x, {}, advanced};
  int axis = 0;  // of the view made so far
  int dim = 0;   // of x: what an error names
  const auto skip_whole_axes = [&](int count) {
    for (int i = 0; i < count; ++i) parsed.indices.emplace_back();
    axis += count;
  };
  for (std::size_t k = 0; k < items.size(); ++k) {
    const py::handle item = items[k];
    if (item.is_none()) {
      parsed.view = unsqueeze(parsed.view, axis);
      skip_whole_axes(1);
    } else if (static_cast<std::ptrdiff_t>(k) == ellipsis) {
      skip_whole_axes(x.ndim() - used);
      dim += x.ndim() - used;
    } else if (py::isinstance<py::slice>(item)) {
      py::ssize_t start = 0, stop = 0, step = 0;
      const auto size = static_cast<py::ssize_t>(parsed.view.size(axis));
      if (PySlice_Unpack(item.ptr(), &start, &stop, &step) != 0) throw py::error_already_set();
      PySlice_AdjustIndices(size, &start, &stop, step);
      if (step <= 0) throw ValueError("getitem: a slice's step must be positive, not " + std::to_string(step));
      if (!(start == 0 && stop == size && step == 1)) parsed.view = slice(parsed.view, axis, start, stop, step);
      skip_whole_axes(1);
      ++dim;
    } else if (is_plain_int(item)) {
      const std::int64_t index = index_from(item);
      const std::int64_t size = x.size(dim);
      if (index < -size || index >= size)
        throw IndexError("getitem: index " + std::to_string(index) + " is out of range for dim " + std::to_string(dim) + " with size " +
                         std::to_string(size));
      ++dim;
      if (!advanced) {
        parsed.view = select(parsed.view, axis, index);
      } else {  // beside an array an int is an index array too: NumPy's rule
        Tensor one = empty({}, DType::Int64);
        *one.data<std::int64_t>() = index;
        parsed.indices.push_back(one);
        ++axis;
      }
    } else if (is_mask(arrays[k]) && arrays[k].ndim() == 0) {  // a new axis: of one where it is true, else of none
      parsed.view = unsqueeze(parsed.view, axis++);
      parsed.indices.push_back(zeros({arrays[k].item() != 0 ? 1 : 0}, DType::Int64));
    } else if (is_mask(arrays[k])) {
      for (int i = 0; i < arrays[k].ndim(); ++i)
        if (arrays[k].size(i) != parsed.view.size(axis + i))
          throw IndexError("getitem: a mask of shape " + to_string(arrays[k].shape()) + " does not fit shape " + to_string(x.shape()) +
                           " at dim " + std::to_string(axis + i));
      for (Tensor& index : nonzero(arrays[k])) {
        parsed.indices.push_back(index);
        ++axis;
        ++dim;
      }
    } else {
      parsed.indices.push_back(arrays[k]);
      ++axis;
      ++dim;
    }
  }
  return parsed;
}

void set_item(Tensor& x, py::handle key, py::handle value) {
  const Tensor source = as_operand("setitem", value);
  refuse_tracked("setitem", x, source);  // here, as under the guard below store_ no longer would
  const NoGrad guard;
  Parsed parsed = parse(x, key);
  if (!parsed.advanced) {
    parsed.view.store_(source, "setitem");
    return;
  }
  const Tensor positions = index_positions(parsed.view, parsed.indices);
  Tensor values = empty(positions.shape(), x.dtype());
  values.store_(source, "setitem");
  Tensor whole = clone(parsed.view);
  visit_dtype(x.dtype(), [&]<class T>() {
    for (std::int64_t k = 0; k < positions.numel(); ++k) whole.data<T>()[positions.data<std::int64_t>()[k]] = values.data<T>()[k];
  });
  parsed.view.store_(whole, "setitem");
}

}  // namespace

void bind_indexing(py::module_& m, TensorClass& cls) {
  const auto get = [](const Tensor& x, py::object key) {
    const Parsed parsed = parse(x, key);
    if (!parsed.advanced) return parsed.view.is_same(x) ? reshape(x, x.shape()) : parsed.view;
    return take(parsed.view, index_positions(parsed.view, parsed.indices));
  };
  cls.def("__getitem__", get);
  cls.def("__setitem__", [](Tensor& x, py::object key, py::object value) { set_item(x, key, value); });
  cls.def("__len__", [](const Tensor& x) {
    if (x.ndim() == 0) throw TypeError("len: a 0-dim tensor has no length");
    return x.size(0);
  });
  m.def("getitem", get, py::arg("input"), py::arg("key"),
        R"(input[key]: ints, slices, None and ... give a view; lists, int and bool tensors a copy.

    >>> x = tg.arange(6).reshape(2, 3)
    >>> tg.getitem(x, (0, [2, 0]))
    tensor([2, 0]))");
}

}  // namespace trigrad
