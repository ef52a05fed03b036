// Reductions, products, shapes and losses, under PyTorch's names and argument names.

#include "tensor_binding.hpp"

namespace trigrad {
namespace {

py::object pair_class() {  // what max(dim), sort and topk return
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<py::object> storage;
  return storage
      .call_once_and_store_result([] {
        return py::object(py::module_::import("collections").attr("namedtuple")("ValuesIndices", py::make_tuple("values", "indices")));
      })
      .get_stored();
}
py::object pair(const ValuesIndices& found) { return pair_class()(found.values, found.indices); }

// A reduction over any number of dims; axis and keepdims are NumPy's names for the same.
using Reduce = Tensor (*)(const Tensor& x, const Dims& dim, bool keepdim);
void bind_reduction(py::module_& m, TensorClass& cls, const char* name, Reduce f, const char* doc) {
  bind_both(
      m, cls, name,
      [f, name](py::object input, py::object dim, bool keepdim, py::object axis, std::optional<bool> keepdims) {
        return f(as_tensor(name, input), dims_or_all(name, dim.is_none() ? axis : dim), keepdims.value_or(keepdim));
      },
      py::arg("input"), py::arg("dim") = py::none(), py::arg("keepdim") = false, py::kw_only(), py::arg("axis") = py::none(),
      py::arg("keepdims") = py::none(), doc);
}

std::int64_t one_dim(std::string_view op, py::handle dim, py::handle axis) {
  const py::handle given = dim.is_none() ? axis : dim;
  if (given.is_none()) throw TypeError(std::string(op) + ": dim is missing");
  if (!PyIndex_Check(given.ptr())) throw TypeError(std::string(op) + ": dim is an int, not " + Py_TYPE(given.ptr())->tp_name);
  return py::cast<std::int64_t>(given);
}

std::optional<std::int64_t> maybe_dim(std::string_view op, py::handle dim, py::handle axis) {
  if (dim.is_none() && axis.is_none()) return std::nullopt;
  return one_dim(op, dim, axis);
}

using Along = Tensor (*)(const Tensor& x, std::int64_t dim);
void bind_along(py::module_& m, TensorClass& cls, const char* name, Along f, const char* doc) {
  bind_both(
      m, cls, name,
      [f, name](py::object input, py::object dim, py::object axis) { return f(as_tensor(name, input), one_dim(name, dim, axis)); },
      py::arg("input"), py::arg("dim") = py::none(), py::kw_only(), py::arg("axis") = py::none(), doc);
}

using ReduceOne = Tensor (*)(const Tensor& x, std::optional<std::int64_t> dim, bool keepdim);
void bind_arg(py::module_& m, TensorClass& cls, const char* name, ReduceOne f, const char* doc) {
  bind_both(
      m, cls, name,
      [f, name](py::object input, py::object dim, bool keepdim, py::object axis, std::optional<bool> keepdims) {
        return f(as_tensor(name, input), maybe_dim(name, dim, axis), keepdims.value_or(keepdim));
      },
      py::arg("input"), py::arg("dim") = py::none(), py::arg("keepdim") = false, py::kw_only(), py::arg("axis") = py::none(),
      py::arg("keepdims") = py::none(), doc);
}

// max(x), max(x, dim) and max(x, other) are three functions under one name, as in PyTorch.
struct Extreme {
  Tensor (*of_all)(const Tensor& x);
  ValuesIndices (*along)(const Tensor& x, std::int64_t dim, bool keepdim);
  Tensor (*of_two)(const Tensor& x, const Tensor& y);
};
void bind_extreme(py::module_& m, TensorClass& cls, const char* name, Extreme f, const char* doc) {
  bind_both(
      m, cls, name,
      [=](py::object input, py::object dim, bool keepdim, py::object axis, std::optional<bool> keepdims, py::object other) -> py::object {
        if (other.is_none() && py::isinstance<Tensor>(dim)) other = dim;
        if (!other.is_none()) {
          const auto both = settled(name, input, other);
          return py::cast(f.of_two(both[0], both[1]));
        }
        const Tensor x = as_tensor(name, input);
        const auto k = maybe_dim(name, dim, axis);
        if (!k) return py::cast(f.of_all(x));
        return pair(f.along(x, *k, keepdims.value_or(keepdim)));
      },
      py::arg("input"), py::arg("dim") = py::none(), py::arg("keepdim") = false, py::kw_only(), py::arg("axis") = py::none(),
      py::arg("keepdims") = py::none(), py::arg("other") = py::none(), doc);
}

std::vector<Tensor> tensor_list(std::string_view op, py::handle sequence) {
  std::vector<Tensor> tensors;
  if (!py::isinstance<py::sequence>(sequence) || py::isinstance<Tensor>(sequence))
    throw TypeError(std::string(op) + ": a list or tuple of tensors is needed, not " + Py_TYPE(sequence.ptr())->tp_name);
  for (const py::handle item : sequence) tensors.push_back(as_operand(op, item));
  settle(tensors);
  return tensors;
}

Activation activation_named(const std::optional<std::string>& name) {
  if (!name) return Activation::None;
  if (*name == "relu") return Activation::Relu;
  if (*name == "tanh") return Activation::Tanh;
  if (*name == "sigmoid") return Activation::Sigmoid;
  throw ValueError("linear: activation '" + *name + "' is not one of 'relu', 'tanh', 'sigmoid'");
}

void bind_reductions(py::module_& m, TensorClass& cls) {
  bind_reduction(m, cls, "sum", &sum, R"(The sum over dim, or over everything.

    >>> x = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> x.sum(), x.sum(dim=0), x.sum(dim=1, keepdim=True)
    (tensor(10.), tensor([4., 6.]), tensor([[3.],
            [7.]])))");
  bind_reduction(m, cls, "mean", &mean, "The mean over dim, or over everything.");
  bind_reduction(m, cls, "amax", &amax, "The largest over dim; ties share the gradient equally.");
  bind_reduction(m, cls, "amin", &amin, "The smallest over dim; ties share the gradient equally.");
  bind_reduction(m, cls, "any", &any, "Whether some element is not zero.");
  bind_reduction(m, cls, "all", &all, "Whether every element is not zero.");
  bind_reduction(m, cls, "logsumexp", &logsumexp, "ln Σ e^x over dim, without overflow.");
  const auto spread = [&](const char* name, Tensor (*f)(const Tensor&, const Dims&, double, bool), const char* doc) {
    bind_both(
        m, cls, name,
        [f, name](py::object input, py::object dim, double correction, bool keepdim, py::object axis, std::optional<bool> keepdims) {
          return f(as_tensor(name, input), dims_or_all(name, dim.is_none() ? axis : dim), correction, keepdims.value_or(keepdim));
        },
        py::arg("input"), py::arg("dim") = py::none(), py::kw_only(), py::arg("correction") = 1.0, py::arg("keepdim") = false,
        py::arg("axis") = py::none(), py::arg("keepdims") = py::none(), doc);
  };
  spread("var", &var, "The variance over dim: Σ (x - mean)² / (n - correction).");
  spread("std", &trigrad::std, "The standard deviation over dim; its gradient is 0 where it is 0.");
  bind_both(
      m, cls, "norm",
      [](py::object input, double p, py::object dim, bool keepdim, py::object axis, std::optional<bool> keepdims) {
        return norm(as_tensor("norm", input), p, dims_or_all("norm", dim.is_none() ? axis : dim), keepdims.value_or(keepdim));
      },
      py::arg("input"), py::arg("p") = 2.0, py::arg("dim") = py::none(), py::arg("keepdim") = false, py::kw_only(),
      py::arg("axis") = py::none(), py::arg("keepdims") = py::none(), "(Σ |x|^p)^(1/p) over dim; p may be inf.");
  bind_arg(m, cls, "prod", &prod, "The product over dim, or over everything.");
  bind_arg(m, cls, "argmax", &argmax, "Where the largest is; the first of ties.");
  bind_arg(m, cls, "argmin", &argmin, "Where the smallest is; the first of ties.");
  bind_extreme(m, cls, "max", {&max, &max, &maximum<Tensor>},
               R"(max(x): the largest; max(x, dim): (values, indices); max(x, other): maximum.

    >>> values, indices = tg.tensor([[1.0, 5.0], [7.0, 3.0]]).max(dim=1)
    >>> values, indices
    (tensor([5., 7.]), tensor([1, 0])))");
  bind_extreme(m, cls, "min", {&min, &min, &minimum<Tensor>},
               "min(x): the smallest; min(x, dim): (values, indices); min(x, other): minimum.");

  bind_along(m, cls, "cumsum", &cumsum, "Running sums along dim.");
  bind_along(m, cls, "cumprod", &cumprod, "Running products along dim.");
  bind_along(m, cls, "softmax", &softmax, "e^x / Σ e^x along dim, without overflow.");
  bind_along(m, cls, "log_softmax", &log_softmax, "x - ln Σ e^x along dim, without overflow.");
  bind_both(
      m, cls, "sort",
      [](py::object input, std::int64_t dim, bool descending, bool /*stable*/) {
        return pair(sort(as_tensor("sort", input), dim, descending));
      },
      py::arg("input"), py::arg("dim") = -1, py::arg("descending") = false, py::arg("stable") = false,
      "(values, indices) in order along dim; always stable.");
  bind_both(
      m, cls, "topk",
      [](py::object input, std::int64_t k, std::int64_t dim, bool largest, bool /*sorted*/) {
        return pair(topk(as_tensor("topk", input), k, dim, largest));
      },
      py::arg("input"), py::arg("k"), py::arg("dim") = -1, py::arg("largest") = true, py::arg("sorted") = true,
      "(values, indices) of the k largest, or smallest, along dim; always in order.");
}

void bind_products(py::module_& m, TensorClass& cls) {
  const auto binary = [&](const char* name, Tensor (*f)(const Tensor&, const Tensor&), const char* doc) {
    bind_both(
        m, cls, name,
        [f, name](py::object x, py::object y) {
          const auto operands = settled(name, x, y);
          return f(operands[0], operands[1]);
        },
        py::arg("input"), py::arg("other"), doc);
  };
  binary("matmul", &matmul, R"(The matrix product; 1-D operands are vectors, leading dims broadcast.

    >>> tg.matmul(tg.ones(5, 2, 3), tg.ones(3)).shape
    (5, 2))");
  binary("dot", &dot, "Σ x y of two vectors.");
  binary("outer", &outer, "x yᵀ of two vectors.");
  m.def(
      "einsum",
      [](const std::string& equation, const py::args& operands) {
        const bool listed = operands.size() == 1 && (py::isinstance<py::list>(operands[0]) || py::isinstance<py::tuple>(operands[0]));
        return einsum(equation, tensor_list("einsum", listed ? py::object(operands[0]) : py::object(operands)));
      },
      py::arg("equation"), R"(Sums of products by index letters.

    >>> x, y = tg.ones(2, 3), tg.ones(3, 4)
    >>> tg.einsum('ij,jk->ik', x, y).shape
    (2, 4))");
  m.def(
      "linear",
      [](py::object input, py::object weight, py::object bias, const std::optional<std::string>& activation) {
        if (bias.is_none()) {
          const auto operands = settled("linear", input, weight);
          return linear(operands[0], operands[1], Tensor(), activation_named(activation));
        }
        const auto operands = settled("linear", input, weight, bias);
        return linear(operands[0], operands[1], operands[2], activation_named(activation));
      },
      py::arg("input"), py::arg("weight"), py::arg("bias") = py::none(), py::arg("activation") = py::none(),
      R"(input · weightᵀ + bias, weight being (out, in); activation ('relu', 'tanh', 'sigmoid') is applied inside.

    >>> tg.linear(tg.tensor([[1.0, 2.0]]), tg.tensor([[3.0, 4.0]]), tg.tensor([-20.0]), activation='relu')
    tensor([[0.]]))");
}

void bind_shapes(py::module_& m, TensorClass& cls) {
  const auto shaped = [&](const char* name, Tensor (*f)(const Tensor&, Dims), const char* doc) {
    m.def(
        name, [f, name](py::object input, py::object shape) { return f(as_tensor(name, input), dims_from(name, shape)); }, py::arg("input"),
        py::arg("shape"), doc);
    cls.def(name, [f, name](const Tensor& x, const py::args& shape) { return f(x, dims_from_args(name, shape)); }, doc);
  };
  shaped("reshape", &reshape, "The same elements in another shape; -1 is whatever fits. A view where possible.");
  shaped("view", &view, "The same memory in another shape; raises where that needs a copy.");
  m.def(
      "expand", [](py::object input, py::object sizes) { return expand(as_tensor("expand", input), dims_from("expand", sizes)); },
      py::arg("input"), py::arg("sizes"), "A view with axes of size 1 repeated; -1 keeps a size.");
  cls.def(
      "expand", [](const Tensor& x, const py::args& sizes) { return expand(x, dims_from_args("expand", sizes)); },
      "A view with axes of size 1 repeated; -1 keeps a size.");
  m.def(
      "permute", [](py::object input, py::object dims) { return permute(as_tensor("permute", input), dims_from("permute", dims)); },
      py::arg("input"), py::arg("dims"), "A view with the axes reordered.");
  cls.def(
      "permute", [](const Tensor& x, const py::args& dims) { return permute(x, dims_from_args("permute", dims)); },
      "A view with the axes reordered.");
  bind_both(
      m, cls, "flatten", [](py::object x, std::int64_t start, std::int64_t end) { return flatten(as_tensor("flatten", x), start, end); },
      py::arg("input"), py::arg("start_dim") = 0, py::arg("end_dim") = -1, "A run of axes merged into one.");
  bind_both(
      m, cls, "transpose", [](py::object x, std::int64_t a, std::int64_t b) { return transpose(as_tensor("transpose", x), a, b); },
      py::arg("input"), py::arg("dim0"), py::arg("dim1"), "A view with two axes exchanged.");
  bind_both(
      m, cls, "squeeze",
      [](py::object x, std::optional<std::int64_t> dim) {
        const Tensor t = as_tensor("squeeze", x);
        return dim ? squeeze(t, *dim) : squeeze(t);
      },
      py::arg("input"), py::arg("dim") = py::none(), "Without the axes of size 1, or without that one.");
  bind_both(
      m, cls, "unsqueeze", [](py::object x, std::int64_t dim) { return unsqueeze(as_tensor("unsqueeze", x), dim); }, py::arg("input"),
      py::arg("dim"), "With a new axis of size 1.");
  const auto joined = [&](const char* name, Tensor (*f)(std::span<const Tensor>, std::int64_t), const char* doc) {
    m.def(
        name,
        [f](py::object tensors, std::int64_t dim, std::optional<std::int64_t> axis) {
          return f(tensor_list("cat", tensors), axis.value_or(dim));
        },
        py::arg("tensors"), py::arg("dim") = 0, py::kw_only(), py::arg("axis") = py::none(), doc);
  };
  joined("cat", &cat, R"(Tensors one after the other along an existing dim.

    >>> tg.cat([tg.zeros(2), tg.ones(1)])
    tensor([0., 0., 1.]))");
  joined("concat", &cat, "Another name for cat.");
  joined("stack", &stack, "Tensors side by side along a new dim.");
  bind_both(
      m, cls, "split",
      [](py::object input, py::object size, std::int64_t dim) {
        const Tensor x = as_tensor("split", input);
        if (PyIndex_Check(size.ptr())) return py::tuple(py::cast(split(x, py::cast<std::int64_t>(size), dim)));
        const Dims sizes = dims_from("split", size);
        return py::tuple(py::cast(split(x, std::span<const std::int64_t>(sizes.begin(), sizes.end()), dim)));
      },
      py::arg("input"), py::arg("split_size_or_sections"), py::arg("dim") = 0, "Views of pieces of a size, or of listed sizes.");
  bind_both(
      m, cls, "masked_fill",
      [](py::object x, py::object mask, py::object value) {
        const auto both = settled("masked_fill", x, value);
        return masked_fill(both[0], as_tensor("masked_fill", mask), both[1]);
      },
      py::arg("input"), py::arg("mask"), py::arg("value"), "value where mask is true, else input.");
  bind_both(
      m, cls, "tril", [](py::object x, std::int64_t d) { return tril(as_tensor("tril", x), d); }, py::arg("input"), py::arg("diagonal") = 0,
      "Zero above a diagonal.");
  bind_both(
      m, cls, "triu", [](py::object x, std::int64_t d) { return triu(as_tensor("triu", x), d); }, py::arg("input"), py::arg("diagonal") = 0,
      "Zero below a diagonal.");
  bind_both(
      m, cls, "narrow",
      [](py::object x, std::int64_t dim, std::int64_t start, std::int64_t length) {
        return narrow(as_tensor("narrow", x), dim, start, length);
      },
      py::arg("input"), py::arg("dim"), py::arg("start"), py::arg("length"), "A view of length elements along dim.");
  bind_both(
      m, cls, "index_select",
      [](py::object x, std::int64_t dim, py::object index) {
        return index_select(as_tensor("index_select", x), dim, as_tensor("index_select", index));
      },
      py::arg("input"), py::arg("dim"), py::arg("index"), "Rows along dim, in the order of index.");
  bind_both(
      m, cls, "gather",
      [](py::object x, std::int64_t dim, py::object index) { return gather(as_tensor("gather", x), dim, as_tensor("gather", index)); },
      py::arg("input"), py::arg("dim"), py::arg("index"), R"(z[i][j] = x[index[i][j]][j] for dim 0, and so on.

    >>> tg.tensor([[1, 2], [3, 4]]).gather(1, tg.tensor([[1], [0]]))
    tensor([[2],
            [3]]))");
  bind_both(
      m, cls, "scatter_add",
      [](py::object x, std::int64_t dim, py::object index, py::object src) {
        const auto operands = settled("scatter_add", x, src);
        return scatter_add(operands[0], dim, as_tensor("scatter_add", index), operands[1]);
      },
      py::arg("input"), py::arg("dim"), py::arg("index"), py::arg("src"),
      "x with src added at index along dim; repeated places accumulate.");
  m.def(
      "embedding",
      [](py::object input, py::object weight) { return embedding(as_tensor("embedding", input), as_tensor("embedding", weight)); },
      py::arg("input"), py::arg("weight"), "Rows of weight by index.");
}

// Labels are whole numbers, whatever the scores are; probabilities have the scores' dtype.
std::array<Tensor, 2> scores_and_target(std::string_view op, py::handle scores, py::handle target) {
  const Tensor labels = as_tensor(op, target);
  if (!is_floating(labels.dtype())) return {as_tensor(op, scores), labels};
  return settled(op, scores, target);
}

void bind_losses(py::module_& m) {
  const auto two = [&](const char* name, Tensor (*f)(const Tensor&, const Tensor&, Reduction), const char* doc) {
    m.def(
        name,
        [f, name](py::object input, py::object target, const std::string& reduction) {
          const auto operands = settled(name, input, target);
          return f(operands[0], operands[1], parse_reduction(name, reduction));
        },
        py::arg("input"), py::arg("target"), py::arg("reduction") = "mean", doc);
  };
  two("mse_loss", &mse_loss, "(x - t)².");
  two("l1_loss", &l1_loss, "|x - t|.");
  two("binary_cross_entropy_with_logits", &binary_cross_entropy_with_logits, "ln(1 + e^x) - x t, for targets between 0 and 1.");
  m.def(
      "huber_loss",
      [](py::object input, py::object target, const std::string& reduction, double delta) {
        const auto operands = settled("huber_loss", input, target);
        return huber_loss(operands[0], operands[1], parse_reduction("huber_loss", reduction), delta);
      },
      py::arg("input"), py::arg("target"), py::arg("reduction") = "mean", py::arg("delta") = 1.0,
      "Quadratic within delta of the target, linear outside.");
  m.def(
      "cross_entropy",
      [](py::object input, py::object target, std::int64_t ignore_index, const std::string& reduction, double label_smoothing) {
        const auto operands = scores_and_target("cross_entropy", input, target);
        return cross_entropy(operands[0], operands[1], ignore_index, parse_reduction("cross_entropy", reduction), label_smoothing);
      },
      py::arg("input"), py::arg("target"), py::arg("ignore_index") = -100, py::arg("reduction") = "mean", py::arg("label_smoothing") = 0.0,
      R"(From logits (C), (N, C) or (N, C, ...) and class indices or probabilities.

    >>> tg.cross_entropy(tg.zeros(2, 4), tg.tensor([0, 3]))
    tensor(1.3863))");
  m.def(
      "nll_loss",
      [](py::object input, py::object target, std::int64_t ignore_index, const std::string& reduction) {
        const auto operands = scores_and_target("nll_loss", input, target);
        return nll_loss(operands[0], operands[1], ignore_index, parse_reduction("nll_loss", reduction));
      },
      py::arg("input"), py::arg("target"), py::arg("ignore_index") = -100, py::arg("reduction") = "mean",
      "Minus the log-probability at the label.");
  m.def(
      "hinge_loss",
      [](py::object input, py::object target, double margin, const std::string& reduction) {
        const auto operands = settled("hinge_loss", input, target);
        return hinge_loss(operands[0], operands[1], margin, parse_reduction("hinge_loss", reduction));
      },
      py::arg("input"), py::arg("target"), py::arg("margin") = 1.0, py::arg("reduction") = "mean",
      "max(0, margin - t x), the max-margin loss.");
  m.def(
      "gaussian_log_prob",
      [](py::object value, py::object mean, py::object std) {
        const auto operands = settled("gaussian_log_prob", value, mean, std);
        return gaussian_log_prob(operands[0], operands[1], operands[2]);
      },
      py::arg("value"), py::arg("mean"), py::arg("std"), "The log-density of a normal distribution.");
}

}  // namespace

void bind_functions(py::module_& m, TensorClass& cls) {
  m.attr("ValuesIndices") = pair_class();
  bind_reductions(m, cls);
  bind_products(m, cls);
  bind_shapes(m, cls);
  bind_losses(m);
}

}  // namespace trigrad
