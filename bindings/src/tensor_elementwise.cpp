// Elementwise functions, methods and operators: all from the op list, none by name, but for three whose Python form
// differs from their record (clamp's bounds may be None, gelu picks one of two ops, where's first argument is a condition).

#include "tensor_binding.hpp"

#include <trigrad/tensor/op_table.hpp>

#include <limits>

namespace trigrad {

Tensor apply_row(const OpRow& row, const PackedAttrs& attrs, std::initializer_list<py::handle> arguments) {
  std::array<Tensor, 3> made;  // for what is no tensor yet
  std::array<const Tensor*, 3> inputs{};
  std::size_t count = 0;
  bool only_numbers = true;
  for (const py::handle argument : arguments) {
    const Tensor* given = tensor_in(argument);
    inputs[count] = given ? given : &(made[count] = as_operand(row.info->name, argument));
    only_numbers = only_numbers && !given && made[count].cell()->weak;
    ++count;
  }
  if (only_numbers) settle(std::span(made.data(), count));
  return apply_elementwise(row, attrs, std::span(inputs.data(), count));
}

namespace {

void bind_row(py::module_& m, TensorClass& cls, const NamedRow& named) {
  const OpRow& row = named.row();
  const OpInfo& info = *row.info;
  const char* name = info.name.data();
  const std::string doc = std::string(info.formula) + ", elementwise. Gradient: " + std::string(info.vjp.empty() ? "none" : info.vjp) + ".";
  const auto attr = [&](std::size_t k) { return py::arg(info.attrs[k].data()) = named.defaults[k]; };
  if (row.arity == 2) {
    bind_both(
        m, cls, name, [&row](py::object input, py::object other) { return apply_row(row, {}, {input, other}); }, py::arg("input"),
        py::arg("other"), doc.c_str());
  } else if (named.attr_count == 0) {
    bind_both(m, cls, name, [&row](py::object input) { return apply_row(row, {}, {input}); }, py::arg("input"), doc.c_str());
  } else if (named.attr_count == 1) {
    bind_both(
        m, cls, name, [&row](py::object input, double a) { return apply_row(row, {a}, {input}); }, py::arg("input"), attr(0), doc.c_str());
  } else {
    bind_both(
        m, cls, name, [&row](py::object input, double a, double b) { return apply_row(row, {a, b}, {input}); }, py::arg("input"), attr(0),
        attr(1), doc.c_str());
  }
}

const OpRow& row_named(std::string_view name) {
  for (const NamedRow& named : elementwise_rows())
    if (named.row().info->name == name) return named.row();
  throw ValueError("no op " + std::string(name));
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
  const Saved saved = saved_for(info);
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
      [&clamp_row](py::object input, const py::object& min, const py::object& max) {
        if (min.is_none() && max.is_none()) throw ValueError("clamp: give min, max or both");
        const Tensor x = as_tensor("clamp", input);
        const bool whole =
            (min.is_none() || is_whole(min)) && (max.is_none() || is_whole(max));  // a fraction makes integers floats, as in PyTorch
        if (!is_floating(x.dtype()) && !whole) input = py::cast(to_dtype(x, default_dtype()));
        else if (x.dtype() == DType::Bool) input = py::cast(to_dtype(x, DType::Int64));
        const auto number = [](const py::object& bound, double open) {
          if (!bound.is_none() && !PyNumber_Check(bound.ptr()))
            throw TypeError(std::string("clamp: a bound must be a number, not ") + Py_TYPE(bound.ptr())->tp_name);
          return bound.is_none() ? open : py::cast<double>(bound);
        };
        constexpr double kInf = std::numeric_limits<double>::infinity();
        return apply_row(clamp_row, {number(min, -kInf), number(max, kInf)}, {input});
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
        return apply_row(approximate == "none" ? gelu_row : gelu_tanh_row, {}, {input});
      },
      py::arg("input"), py::kw_only(), py::arg("approximate") = "none", "x Φ(x), or its tanh approximation, elementwise.");
  const OpRow& where_row = row_named("where");
  const auto where_call = [&where_row](py::object condition, py::object input, py::object other) {
    const Tensor c = as_operand("where", condition);
    if (c.dtype() != DType::Bool) throw DTypeError("where: condition must be a bool tensor, not " + std::string(name_of(c.dtype())));
    const auto taken = settled("where", input, other);
    const Tensor* const inputs[] = {&c, &taken[0], &taken[1]};
    return apply_elementwise(where_row, {}, inputs);
  };
  m.def("where", where_call, py::arg("condition"), py::arg("input"), py::arg("other"),
        R"(condition ? input : other, elementwise. The gradient goes to the one that was taken.

    >>> x = tg.tensor([1.0, -2.0])
    >>> tg.where(x > 0, x, 0)
    tensor([1., 0.]))");
  cls.def(
      "where", [where_call](py::object self, py::object condition, py::object other) { return where_call(condition, self, other); },
      py::arg("condition"), py::arg("other"), "condition ? self : other, elementwise.");

  m.def("ops", &ops, "The op list as records: what tests, documentation and benchmarks iterate.");
}

}  // namespace trigrad
