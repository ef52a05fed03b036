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
    bind_both(m, cls, name, [&row](py::object input, py::object other) { return call(row, {}, {input, other}); },
              py::arg("input"), py::arg("other"), doc.c_str());
  } else if (named.attr_count == 0) {
    bind_both(m, cls, name, [&row](py::object input) { return call(row, {}, {input}); }, py::arg("input"), doc.c_str());
  } else if (named.attr_count == 1) {
    bind_both(m, cls, name, [&row](py::object input, double a) { return call(row, {a}, {input}); }, py::arg("input"), attr(0), doc.c_str());
  } else {
    bind_both(m, cls, name, [&row](py::object input, double a, double b) { return call(row, {a, b}, {input}); }, py::arg("input"),
              attr(0), attr(1), doc.c_str());
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

py::dict record_of(const OpInfo& info, int arity) {
  py::dict record;
  record["name"] = std::string(info.name);
  record["formula"] = std::string(info.formula);
  record["vjp"] = std::string(info.vjp);
  static constexpr const char* gradients[] = {"smooth", "kinked", "zero", "none"};
  record["gradient"] = gradients[static_cast<int>(info.gradient)];
  record["analytic"] = info.analytic;
  py::list saves;
  for (const auto& [flag, letter] : {std::pair{X, arity == 3 ? "condition" : "x"}, {Y, "y"}, {Z, "z"}})
    if (info.saves & flag) saves.append(letter);
  record["saves"] = saves;
  return record;
}

py::list ops() {
  py::list records;
  for (const NamedRow& named : elementwise_rows()) {
    const OpInfo& info = *named.row().info;
    const int arity = named.row().arity;
    py::dict record = record_of(info, arity);
    record["kind"] = "elementwise";
    static constexpr const char* letters[] = {"x", "y"};
    py::list inputs, domain, kinks;
    if (arity == 3) inputs.append("condition");
    for (int k = 0; k < std::min(arity, 2); ++k) inputs.append(letters[k]);
    for (int k = 0; k < arity; ++k) domain.append(py::make_tuple(info.domain[static_cast<std::size_t>(k)].low, info.domain[static_cast<std::size_t>(k)].high));
    for (const double kink : info.kinks) {
      if (kink == kTie) kinks.append("tie");
      else if (!(kink != kink)) kinks.append(kink);
    }
    py::dict attrs;
    for (std::size_t k = 0; k < named.attr_count; ++k) {
      const bool finite = isfinite(named.defaults[k]);
      attrs[info.attrs[k].data()] = finite ? py::object(py::float_(named.defaults[k])) : py::object(py::none());
    }
    record["inputs"] = inputs;
    record["domain"] = domain;
    record["kinks"] = kinks;
    record["attrs"] = attrs;
    record["samples"] = py::list();
    records.append(record);
  }
  for (const OpInfo* info : structural_infos()) {
    py::dict record = record_of(*info, 0);
    record["kind"] = "structural";
    record["inputs"] = py::list();
    record["domain"] = py::list();
    record["kinks"] = py::list();
    record["attrs"] = py::dict();
    py::list samples;
    for (const std::string_view sample : info->samples)
      if (!sample.empty()) samples.append(std::string(sample));
    record["samples"] = samples;
    records.append(record);
  }
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
        if (approximate != "none" && approximate != "tanh") throw ValueError("gelu: approximate '" + approximate + "' is not one of 'none', 'tanh'");
        return call(approximate == "none" ? gelu_row : gelu_tanh_row, {}, {input});
      },
      py::arg("input"), py::kw_only(), py::arg("approximate") = "none", "x Φ(x), or its tanh approximation, elementwise.");
  const OpRow& where_row = row_named("where");
  const auto where_call = [&where_row](py::object condition, py::object input, py::object other) {
    const Tensor c = as_tensor("where", condition);
    if (c.dtype() != DType::Bool) throw DTypeError("where: condition must be a bool tensor, not " + std::string(name_of(c.dtype())));
    return call(where_row, {}, {condition, input, other});
  };
  m.def("where", where_call, py::arg("condition"), py::arg("input"), py::arg("other"), "condition ? input : other, elementwise.");
  cls.def("where", [where_call](py::object self, py::object condition, py::object other) { return where_call(condition, self, other); },
          py::arg("condition"), py::arg("other"));

  bind_operator(cls, "__add__", "__radd__", "add");
  bind_operator(cls, "__sub__", "__rsub__", "sub");
  bind_operator(cls, "__mul__", "__rmul__", "mul");
  bind_operator(cls, "__truediv__", "__rtruediv__", "div");
  bind_operator(cls, "__pow__", "__rpow__", "pow");
  bind_operator(cls, "__eq__", nullptr, "eq");
  bind_operator(cls, "__ne__", nullptr, "ne");
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
