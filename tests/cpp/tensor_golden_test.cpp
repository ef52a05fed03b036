// The recorded answers of PyTorch (tests/golden/elementwise.jsonl), asked of the tensor engine from C++: values and
// gradients of every elementwise op, in both floating types and all three orders.
//
// The Python suite asks the same of every engine through the bindings. This test needs no Python, so it also runs under
// the sanitizers, and it reaches the rows by name as the bindings do. Format: tests/conformance/golden.py; tolerance:
// tests/conformance/tolerance.py; what is left undecided at edge points: `free` in tests/conformance/evaluate.py.

#include "golden.hpp"
#include "tensor_testing.hpp"

#include <trigrad/tensor/op_table.hpp>

#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>
#include <map>

namespace trigrad::testing {
namespace {

double number(const Json& value) {
  if (value.is_number()) return value.get<double>();
  return std::stod(value.get<std::string>());  // "nan", "inf", "-inf"
}

// An array of the file: float64, or what its "dtype" says.
Tensor array(const Json& line, DType floating = DType::Float64) {
  Dims shape;
  for (const Json& size : line["shape"]) shape.push_back(size.get<std::int64_t>());
  std::vector<double> data;
  for (const Json& value : line["data"]) data.push_back(number(value));
  const std::string dtype = line.value("dtype", "");
  return tensor(data, shape, dtype == "bool" ? DType::Bool : dtype == "int64" ? DType::Int64 : floating);
}

struct Input {
  Tensor leaf, used;  // `used` is a view of the leaf in the layouts T (transposed), S (strided), E (expanded)
};

Input make_input(const Json& line, DType dtype, bool differentiable) {
  const Tensor data = array(line, dtype);
  const std::string layout = line.value("layout", "C");
  Tensor leaf = data;
  if (layout == "T") leaf = clone(transpose(data, -1, -2));
  if (layout == "E") leaf = clone(slice(data, -2, 0, 1, 1));
  if (layout == "S") {
    Dims wide = data.shape();
    wide[data.ndim() - 1] *= 2;
    leaf = zeros(wide, data.dtype());
    copy_elements(data, slice(leaf, -1, 0, wide.back(), 2));
  }
  const bool tracked = differentiable && is_floating(data.dtype());
  leaf.set_requires_grad(tracked);
  Tensor used = layout == "T"   ? transpose(leaf, -1, -2)
                : layout == "E" ? expand(leaf, data.shape())
                : layout == "S" ? slice(leaf, -1, 0, leaf.size(-1), 2)
                                : leaf;
  if (tracked) used.retain_grad();
  return {leaf, used};
}

// The attributes in the order of the record; a bound that is missing (null) keeps its default, no bound.
PackedAttrs attrs_of_line(const NamedRow& row, const Json& attrs) {
  PackedAttrs packed = row.defaults;
  for (std::size_t k = 0; k < row.attr_count; ++k) {
    const auto found = attrs.find(std::string(row.row().info->attrs[k]));
    if (found != attrs.end() && !found->is_null()) packed[k] = number(*found);
  }
  return packed;
}

struct Limits {
  double eps, least;  // the precision, and the smallest normal number
};
Limits limits_of(DType dtype) {
  if (dtype == DType::Float32) return {std::numeric_limits<float>::epsilon(), std::numeric_limits<float>::min()};
  return {std::numeric_limits<double>::epsilon(), std::numeric_limits<double>::min()};
}

struct Case {
  Json line;
  const NamedRow* row;
  bool edge;
  std::int64_t terms = 1;  // the size of the largest tensor: no sum in the case is longer
  double upstream = 0;     // the largest incoming gradient

  Case(Json text, const NamedRow* named) : line(std::move(text)), row(named), edge(line.value("edge", false)) {
    for (const Json& x : line["inputs"]) terms = std::max(terms, static_cast<std::int64_t>(x["data"].size()));
    terms = std::max(terms, static_cast<std::int64_t>(line["output"]["data"].size()));
    if (!line["upstream"].is_null())
      for (const Json& g : line["upstream"]["data"]) upstream = std::max(upstream, std::abs(number(g)));
  }
};

// Edge points where nothing is demanded of a gradient (evaluate.py says why).
std::vector<bool> undecided(const Case& c, DType dtype, std::size_t input) {
  const std::size_t n = c.line["grads"][input]["data"].size();
  std::vector<bool> free(n, false);
  if (!c.edge) return free;
  if (c.line.contains("undecided") && c.line["undecided"].contains("grads"))
    for (const Json& k : c.line["undecided"]["grads"][input]) free[k.get<std::size_t>()] = true;
  const Json& output = c.line["output"];
  std::vector<bool> nan_came_in(n, false);
  for (const Json& x : c.line["inputs"]) {
    if (x.contains("dtype") || x["data"].size() != n) continue;
    for (std::size_t k = 0; k < n; ++k) {
      const double at = number(x["data"][k]);
      if (at != 0 && std::abs(at) < limits_of(dtype).least) free[k] = true;
      if (std::isnan(at)) nan_came_in[k] = true;
    }
  }
  if (output["data"].size() == n)
    for (std::size_t k = 0; k < n; ++k)
      if (std::isnan(number(output["data"][k])) && !nan_came_in[k]) free[k] = true;
  return free;
}

void expect_close(const Case& c, const Tensor& got, const Json& expected, DType dtype, const char* part, std::size_t index, double floor,
                  const std::vector<bool>& free) {
  const Tensor want = array(expected);
  const std::string what =
      c.line["op"].get<std::string>() + ", " + c.line["case"].get<std::string>() + ": " + part + " " + std::to_string(index);
  ASSERT_TRUE(got.defined()) << what;
  ASSERT_TRUE(got.shape() == want.shape()) << what << " has shape " << to_string(got.shape()) << ", expected " << to_string(want.shape());
  ASSERT_EQ(got.dtype(), is_floating(want.dtype()) ? dtype : want.dtype()) << what;
  std::vector<double> right = numbers(want);
  const std::vector<double> values = numbers(got);
  double largest = 0;
  for (double& value : right) {
    if (dtype == DType::Float32) value = static_cast<double>(static_cast<float>(value));  // too large becomes infinite
    if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
  }
  const Limits limits = limits_of(dtype);
  const double cond = c.line.contains("cond") ? c.line["cond"][part][index].get<double>() : 0.0;
  for (std::size_t k = 0; k < right.size(); ++k) {
    if (k < free.size() && free[k]) continue;
    const double size = !c.edge ? largest : std::isfinite(right[k]) ? std::abs(right[k]) : 0;
    const double allowed = !is_floating(want.dtype())
                               ? 0
                               : limits.eps * (4 + 2 * std::sqrt(static_cast<double>(c.terms))) * (size + cond + floor) + limits.least;
    const bool good = (std::isnan(values[k]) && std::isnan(right[k])) || values[k] == right[k] || std::abs(values[k] - right[k]) <= allowed;
    EXPECT_TRUE(good) << what << ", element " << k << " is " << values[k] << ", expected " << right[k] << " [allowed " << allowed << "]";
  }
}

void check(const Case& c, DType dtype) {
  const OpRow& row = c.row->row();
  const bool differentiable = row.info->gradient != Gradient::None;
  std::vector<std::vector<Tensor>> by_order;
  for (const Order order : kOrders) {
    SCOPED_TRACE(name_of(order));
    std::vector<Input> inputs;
    std::vector<const Tensor*> list;
    for (const Json& x : c.line["inputs"]) inputs.push_back(make_input(x, dtype, differentiable));
    for (const Input& x : inputs) list.push_back(&x.used);
    const Tensor z = apply_elementwise(row, attrs_of_line(*c.row, c.line["attrs"]), list);
    expect_close(c, z, c.line["output"], dtype, "outputs", 0, 0, {});
    EXPECT_EQ(z.requires_grad(), !c.line["upstream"].is_null());
    if (!z.requires_grad()) return;
    z.backward(array(c.line["upstream"], dtype), {.order = order});
    by_order.emplace_back();
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      const Json& expected = c.line["grads"][k];
      if (expected.is_null()) {
        EXPECT_FALSE(inputs[k].leaf.grad().defined());
        continue;
      }
      by_order.back().push_back(inputs[k].used.grad());
      expect_close(c, inputs[k].used.grad(), expected, dtype, "grads", k, c.upstream, undecided(c, dtype, k));
      EXPECT_TRUE(inputs[k].leaf.grad().shape() == inputs[k].leaf.shape());
    }
  }
  for (std::size_t k = 0; k < by_order[1].size(); ++k)
    EXPECT_TRUE(same_bits(by_order[1][k], by_order[2][k])) << "stack and recursive differ";
}

void check_all(DType dtype) {
  std::map<std::string, const NamedRow*, std::less<>> rows;
  for (const NamedRow& row : elementwise_rows()) rows[std::string(row.row().info->name)] = &row;
  std::map<std::string, int> cases;
  for (Json& line : golden("elementwise.jsonl")) {
    if (line.contains("call")) continue;  // not op(inputs in order)
    const std::string op = line["op"];
    if (line.contains("dtypes") && line["dtypes"][0] != std::string(name_of(dtype))) continue;
    ASSERT_TRUE(rows.contains(op)) << "the file has answers for " << op
                                   << ", which is not in the list: run python -m tests.conformance.record";
    ++cases[op];
    check(Case(std::move(line), rows[op]), dtype);
    if (::testing::Test::HasFatalFailure()) return;
  }
  for (const auto& [name, row] : rows)
    EXPECT_GE(cases[name], 2) << "no recorded answers for " << name << ": run python -m tests.conformance.record";
}

TEST(TensorGolden, ElementwiseFloat64) { check_all(DType::Float64); }
TEST(TensorGolden, ElementwiseFloat32) { check_all(DType::Float32); }

}  // namespace
}  // namespace trigrad::testing
