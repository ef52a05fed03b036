// Elementwise functions, methods and operators: all from the op list, none by name, but for three whose Python form
// differs from their record (clamp's bounds may be None, gelu picks one of two ops, where's first argument is a condition).

#include "tensor_binding.hpp"

#include <trigrad/tensor/op_table.hpp>

#include <limits>

namespace trigrad {
namespace {

Tensor call(const OpRow& row, const PackedAttrs& attrs, std::initializer_list<py::handle> arguments) {
  std::array<Tensor, 3> inputs;
  std::array<const Tensor*, 3> list{};
  std::size_t count = 0;
  for (const py::handle argument : arguments) {
    inputs[count] = as_tensor(row.info->name, argument);
    list[count] = &inputs[count];
    ++count;
  }
  return apply_elementwise(row, attrs, std::span(list.data(), count));
}

void bind_row(py::module_& m, TensorClass& cls, const NamedRow& named) {
  const OpRow& row = named.row();
  const OpInfo& info = *row.info;
  const char* name = info.name.data();
  const std::string doc = std::string(info.formula) + ", elementwise. Gradient: " + std::string(info.vjp.empty() ? "none" : info.vjp) + ".";
  const auto attr = [&](std::size_t k) { return py::arg(info.attrs[k].data()) = named.defaults[k]; };
  if (row.arity == 2) {
    bind_both(
        m, cls, name, [&row](py::object input, py::object other) { return call(row, {}, {input, other}); }, py::arg("input"),
        py::arg("other"), doc.c_str());
  } else if (named.attr_count == 0) {
    bind_both(m, cls, name, [&row](py::object input) { return call(row, {}, {input}); }, py::arg("input"), doc.c_str());
  } else if (named.attr_count == 1) {
    bind_both(m, cls, name, [&row](py::object input, double a) { return call(row, {a}, {input}); }, py::arg("input"), attr(0), doc.c_str());
  } else {
    bind_both(
        m, cls, name, [&row](py::object input, double a, double b) { return call(row, {a, b}, {input}); }, py::arg("input"), attr(0),
        attr(1), doc.c_str());
  }
}

const OpRow& row_named(std::string_view name) {
  for (const NamedRow& named : elementwise_rows())
    if (named.row().info->name == name) return named.row();
  throw ValueError("no op " + std::string(name));
}

void bind_operator(TensorClass& cls, const char* name, const char* reflected, std::string_view op) {
  const OpRow& row = row_named(op);
  cls.def(name, [&row](py::object x, py::object y) { return call(row, {}, {x, y}); }, py::is_operator());
  if (reflected) cls.def(reflected, [&row](py::object y, py::object x) { return call(row, {}, {x, y}); }, py::is_operator());
}

// Against None, a string or a stranger, == and != leave the answer to Python: False and True.
void bind_equality(TensorClass& cls, const char* name, std::string_view op) {
  const OpRow& row = row_named(op);
  cls.def(
      name,
      [&row](py::object x, py::object y) -> py::object {
        const bool comparable = py::isinstance<Tensor>(y) || PyNumber_Check(y.ptr()) || py::isinstance<py::list>(y) ||
                                py::isinstance<py::tuple>(y) || py::hasattr(y, "__array__") || py::hasattr(y, "engine");
        return comparable ? py::cast(call(row, {}, {x, y})) : py::reinterpret_borrow<py::object>(Py_NotImplemented);
      },
      py::is_operator());
}

// `inputs`: how many of info.inputs there are; 0 for an op that is written in terms of others and saves what they save.
py::dict record_of(const OpInfo& info, int inputs, const char* kind) {
  static constexpr const char* gradients[] = {"smooth", "kinked", "zero", "none"};
  py::dict record;
  record["name"] = std::string(info.name);
  record["kind"] = kind;
  record["formula"] = std::string(info.formula);
  record["vjp"] = std::string(info.vjp);
  record["gradient"] = gradients[static_cast<int>(info.gradient)];
  record["analytic"] = info.analytic;
  py::list names, saves, domain, kinks, samples;
  const Saved saved = saved_for(info, [](std::size_t) { return true; });
  for (int k = 0; k < inputs; ++k) {
    const std::string name(info.inputs[static_cast<std::size_t>(k)]);
    names.append(name);
    if (saves_input(saved, static_cast<std::size_t>(k))) saves.append(name);
  }
  if (saves_output(saved)) saves.append("z");
  for (const double kink : info.kinks) {
    if (kink == kTie) kinks.append("tie");
    else if (kink == kink) kinks.append(kink);
  }
  for (const std::string_view sample : info.samples)
    if (!sample.empty()) samples.append(std::string(sample));
  record["inputs"] = names;
  record["saves"] = inputs > 0 ? py::object(saves) : py::object(py::none());
  record["domain"] = domain;
  record["kinks"] = kinks;
  record["attrs"] = py::dict();
  record["samples"] = samples;
  return record;
}

py::list ops() {
  py::list records;
  for (const NamedRow& named : elementwise_rows()) {
    const OpInfo& info = *named.row().info;
    py::dict record = record_of(info, named.row().arity, "elementwise");
    py::list domain;
    for (int k = 0; k < named.row().arity; ++k) {
      const Range range = info.domain[static_cast<std::size_t>(k)];
      py::list bounds;
      bounds.append(range.low);
      bounds.append(range.high);
      domain.append(bounds);
    }
    py::dict attrs;
    for (std::size_t k = 0; k < named.attr_count; ++k)  // clamp's infinite bounds are None, as in Python
      attrs[info.attrs[k].data()] = isfinite(named.defaults[k]) ? py::object(py::float_(named.defaults[k])) : py::object(py::none());
    record["domain"] = domain;
    record["attrs"] = attrs;
    records.append(record);
  }
  for (const StructuralRecord& structural : structural_records())
    records.append(record_of(*structural.info, structural.inputs, "structural"));
  return records;
}

}  // namespace

void bind_elementwise(py::module_& m, TensorClass& cls) {
  for (const NamedRow& named : elementwise_rows()) {
    const std::string_view name = named.row().info->name;
    if (name != "clamp" && name != "where" && name != "gelu") bind_row(m, cls, named);
  }
  const OpRow& clamp_row = row_named("clamp");
  bind_both(
      m, cls, "clamp",
      [&clamp_row](py::object input, std::optional<double> min, std::optional<double> max) {
        if (!min && !max) throw ValueError("clamp: give min, max or both");
        constexpr double kInf = std::numeric_limits<double>::infinity();
        return call(clamp_row, {min.value_or(-kInf), max.value_or(kInf)}, {input});
      },
      py::arg("input"), py::arg("min") = py::none(), py::arg("max") = py::none(),
      "min(max(x, min), max), elementwise. The gradient passes where min <= x <= max.");
  const OpRow& gelu_row = row_named("gelu");
  const OpRow& gelu_tanh_row = row_named("gelu_tanh");
  bind_both(
      m, cls, "gelu",
      [&gelu_row, &gelu_tanh_row](py::object input, const std::string& approximate) {
        if (approximate != "none" && approximate != "tanh")
          throw ValueError("gelu: approximate '" + approximate + "' is not one of 'none', 'tanh'");
        return call(approximate == "none" ? gelu_row : gelu_tanh_row, {}, {input});
      },
      py::arg("input"), py::kw_only(), py::arg("approximate") = "none", "x Φ(x), or its tanh approximation, elementwise.");
  const OpRow& where_row = row_named("where");
  const auto where_call = [&where_row](py::object condition, py::object input, py::object other) {
    const Tensor c = as_tensor("where", condition);
    if (c.dtype() != DType::Bool) throw DTypeError("where: condition must be a bool tensor, not " + std::string(name_of(c.dtype())));
    return call(where_row, {}, {condition, input, other});
  };
  m.def("where", where_call, py::arg("condition"), py::arg("input"), py::arg("other"),
        R"(condition ? input : other, elementwise. The gradient goes to the one that was taken.

    >>> x = tg.tensor([1.0, -2.0])
    >>> tg.where(x > 0, x, 0)
    tensor([1., 0.]))");
  cls.def(
      "where", [where_call](py::object self, py::object condition, py::object other) { return where_call(condition, self, other); },
      py::arg("condition"), py::arg("other"), "condition ? self : other, elementwise.");

  bind_operator(cls, "__add__", "__radd__", "add");
  bind_operator(cls, "__sub__", "__rsub__", "sub");
  bind_operator(cls, "__mul__", "__rmul__", "mul");
  bind_operator(cls, "__truediv__", "__rtruediv__", "div");
  bind_operator(cls, "__pow__", "__rpow__", "pow");
  bind_equality(cls, "__eq__", "eq");
  bind_equality(cls, "__ne__", "ne");
  bind_operator(cls, "__lt__", nullptr, "lt");
  bind_operator(cls, "__le__", nullptr, "le");
  bind_operator(cls, "__gt__", nullptr, "gt");
  bind_operator(cls, "__ge__", nullptr, "ge");
  bind_operator(cls, "__and__", "__rand__", "logical_and");
  bind_operator(cls, "__or__", "__ror__", "logical_or");
  cls.def("__neg__", [](const Tensor& x) { return -x; });
  cls.def("__pos__", [](const Tensor& x) { return x; });
  cls.def("__abs__", [](const Tensor& x) { return abs(x); });
  cls.def("__invert__", [](const Tensor& x) {
    if (x.dtype() != DType::Bool) throw DTypeError("logical_not: ~ needs a bool tensor, not " + std::string(name_of(x.dtype())));
    return logical_not(x);
  });
  m.def("ops", &ops, "The op list as records: what tests, documentation and benchmarks iterate.");
}

}  // namespace trigrad
