// linear: a product, a bias and an activation in one node.
//
//   input (..., I) seen as (B, I), weight (O, I), bias (O); z (..., O) = act(input · weightᵀ + bias)
//
// Bias and activation run over the product while it is still in the cache, and backward computes the gradient before the
// activation once for all three inputs. Read before: gemm.hpp.

#include "gemm.hpp"
#include "rows.hpp"

#include <trigrad/tensor/internal.hpp>
#include <trigrad/tensor/kernels.hpp>
#include <trigrad/tensor/ops.hpp>
#include <trigrad/tensor/structural.hpp>

#include <algorithm>
#include <cstring>

namespace trigrad {
namespace {

// With an activation the rules read the output, too.
struct ActivatedLinear : Linear {
  static constexpr OpInfo info = [] {
    OpInfo with_output = Linear::info;
    with_output.saves = {Y | Z, X | Z, Z};
    return with_output;
  }();
};

template <Activation activation, class T>
T activated(T x) {
  if constexpr (activation == Activation::Relu) return evaluate<Relu>(NoAttrs{}, x);
  else if constexpr (activation == Activation::Tanh) return evaluate<Tanh>(NoAttrs{}, x);
  else if constexpr (activation == Activation::Sigmoid) return evaluate<Sigmoid>(NoAttrs{}, x);
  else return x;
}

// The gradient before the activation, from the one behind it and the output.
template <Activation activation, class T>
T before_activation(T g, T z) {
  if constexpr (activation == Activation::Relu) return z <= T{0} ? T{0} : g;
  else if constexpr (activation == Activation::Tanh) return g * (T{1} - z * z);
  else if constexpr (activation == Activation::Sigmoid) return g * (z * (T{1} - z));
  else return g;
}

// z (B, O) = act(z + bias), O a multiple of kLanes
template <Activation activation, class T>
TRIGRAD_CLONES void finish_blocks(T* __restrict z, const T* __restrict bias, std::size_t B, std::size_t O) {
  for (std::size_t row = 0; row < B; ++row, z += O)
    for (std::size_t i = 0; i < O; i += kLanes)
      TRIGRAD_LANES_LOOP for (std::size_t k = 0; k < kLanes; ++k) z[i + k] = activated<activation>(z[i + k] + bias[i + k]);
}

// The same for any O, the last numbers of a row in a block of their own (see kernels.hpp for the reason).
template <Activation activation, class T>
void finish_rows(T* z, const T* bias, std::size_t B, std::size_t O) {
  const std::size_t whole = O - O % kLanes, rest = O - whole;
  if (rest == 0) return finish_blocks<activation>(z, bias, B, O);
  if (O < 4 * kLanes && B >= kLanes) {  // as many short rows as make whole blocks are one row, their biases repeated
    alignas(64) T biases[4 * kLanes * kLanes];
    std::copy_n(bias, O, biases);
    for (std::size_t filled = O; filled < kLanes * O; filled *= 2) std::memcpy(biases + filled, biases, filled * sizeof(T));
    for (; B >= kLanes; B -= kLanes, z += kLanes * O) finish_blocks<activation>(z, biases, 1, kLanes * O);
  }
  T last_z[kLanes], last_bias[kLanes];
  pad(bias + whole, rest, last_bias);
  for (std::size_t row = 0; row < B; ++row, z += O) {
    if (whole > 0) finish_blocks<activation>(z, bias, 1, whole);
    pad(z + whole, rest, last_z);
    finish_blocks<activation>(last_z, last_bias, 1, kLanes);
    std::copy_n(last_z, rest, z + whole);
  }
}

// h (n) = g act', where h may be g
template <Activation activation, class T>
TRIGRAD_CLONES void undo_activation(const T* g, const T* z, T* h, std::size_t n) {
  for_lanes(n, [=](std::size_t i) { h[i] = before_activation<activation>(g[i], z[i]); });
}

// f with the activation as a template argument.
auto with_activation(Activation activation, auto f) {
  switch (activation) {
    case Activation::None:
      return f.template operator()<Activation::None>();
    case Activation::Relu:
      return f.template operator()<Activation::Relu>();
    case Activation::Tanh:
      return f.template operator()<Activation::Tanh>();
    default:
      return f.template operator()<Activation::Sigmoid>();
  }
}

std::int64_t batch_of(std::span<const std::int64_t> sizes) {  // B: all axes but the last
  std::int64_t rows = 1;
  for (const auto size : sizes.first(sizes.size() - 1)) rows *= size;
  return rows;
}

Tensor linear_forward(const Tensor& input, const Tensor& weight, const Tensor* bias, Activation activation) {
  Dims shape = input.shape();
  shape[shape.size() - 1] = weight.size(0);
  const std::int64_t B = batch_of(input.cell()->sizes()), O = weight.size(0), I = weight.size(1);
  const Tensor reshaped = input.ndim() == 2 ? Tensor() : reshape(input, {B, I}), z = empty(shape, input.dtype());
  const Tensor& rows = input.ndim() == 2 ? input : reshaped;
  const auto x = rows.cell()->strides(), w = weight.cell()->strides();
  visit_floating(z.dtype(), [&]<class T>() {
    gemm<T>({numbers<T>(rows), x[0], x[1]}, {numbers<T>(weight), w[1], w[0]}, numbers<T>(z), B, O, I);
    if (!bias && activation == Activation::None) return;
    const Tensor no_bias = bias ? Tensor() : zeros({O}, z.dtype());
    const Flat terms(bias ? *bias : no_bias);
    const auto finish = with_activation(activation, []<Activation act>() { return finish_rows<act, T>; });
    finish(numbers<T>(z), terms.data<T>(), static_cast<std::size_t>(B), static_cast<std::size_t>(O));
  });
  return z;
}

// The gradient before the activation, in ops where it is to be differentiated again.
TRIGRAD_COLD Tensor recorded_gradient_before(Activation activation, const Tensor& g, const Tensor& z) {
  if (activation == Activation::Relu) return where(mutant("linear.relu_passes_at_0") ? z < like(z, 0) : z <= like(z, 0), like(g, 0), g);
  if (activation == Activation::Tanh) return g * (like(z, 1) - (mutant("linear.tanh_slope") ? z : z * z));
  return g * (z * (like(z, 1) - z));
}

// Else in one pass; in place of g where the sweep alone holds that. A new tensor is put into `made`.
const Tensor& gradient_before(Activation activation, const Tensor& g, const Tensor& z, Tensor& made) {
  if (activation == Activation::None || mutant("linear.activation_ignored")) return g;
  if (grad_enabled() || mutant("linear.relu_passes_at_0") || mutant("linear.tanh_slope"))
    return made = recorded_gradient_before(activation, g, z);
  const bool in_place = is_ours_alone(g);
  if (!in_place) made = empty_of(z);
  const Tensor& h = in_place ? g : made;
  const Flat flat_g(g), flat_z(z);
  visit_floating(z.dtype(), [&]<class T>() {
    const auto undo = with_activation(activation, []<Activation act>() { return undo_activation<act, T>; });
    undo(flat_g.data<T>(), flat_z.data<T>(), numbers<T>(h), static_cast<std::size_t>(h.numel()));
  });
  return h;
}

// The three gradients without ops between: h (B, O) is the gradient before the activation.
void fill_gradients(const Cell& node, const Tensor& input, const Tensor& weight, const Tensor& h, Tensor* gradients) {
  const std::int64_t I = weight.size(1), O = weight.size(0), B = batch_of(h.cell()->sizes());
  const Flat flat_h(h);
  visit_floating(h.dtype(), [&]<class T>() {
    const Matrix<T> before{flat_h.data<T>(), O, 1};
    const bool for_input = wants_gradient(node, 0), for_weight = wants_gradient(node, 1);
    const Tensor none;
    const Flat flat_input(for_weight ? input : none);
    const auto of_input = [&] {
      gradients[0] = empty_of(input);
      const auto steps = weight.cell()->strides();
      return Product<T>{before, {numbers<T>(weight), steps[0], steps[1]}, numbers<T>(gradients[0]), B, I, O};
    };
    const auto of_weight = [&] {
      gradients[1] = empty_of(weight);
      return Product<T>{before.transposed(), {flat_input.data<T>(), I, 1}, numbers<T>(gradients[1]), O, I, B};
    };
    if (for_input && for_weight) gemm_both(of_input(), of_weight());
    else if (for_input) gemm(of_input());
    else if (for_weight) gemm(of_weight());
    if (node.input_count > 2 && wants_gradient(node, 2)) {
      gradients[2] = Tensor(new_cell_like(*node.input_cells()[2]));
      sum_columns(flat_h.data<T>(), B, O, numbers<T>(gradients[2]));
    }
  });
}

// The same in ops, where they are to be differentiated again.
TRIGRAD_COLD void record_gradients(const Cell& node, const Tensor& input, const Tensor& weight, const Tensor& before, Tensor* gradients) {
  const std::int64_t I = weight.size(1), O = weight.size(0), B = batch_of(before.cell()->sizes());
  const Tensor h = reshape(before, {B, O});
  if (wants_gradient(node, 0)) gradients[0] = reshape(matmul(h, weight), input.shape());
  if (mutant("linear.weight_of_first_row_only") && wants_gradient(node, 1) && B > 0)
    gradients[1] = matmul(transpose(narrow(h, 0, 0, 1), 0, 1), narrow(reshape(input, {B, I}), 0, 0, 1));
  else if (wants_gradient(node, 1)) gradients[1] = matmul(transpose(h, 0, 1), reshape(input, {B, I}));
  if (node.input_count > 2 && wants_gradient(node, 2)) gradients[2] = mutant("linear.bias_averaged") ? mean(h, {0}) : sum(h, {0});
}

}  // namespace

Tensor Linear::forward(const Tensor& input, const Tensor& weight, const Attrs& at) {
  return linear_forward(input, weight, nullptr, at.activation);
}
Tensor Linear::forward(const Tensor& input, const Tensor& weight, const Tensor& bias, const Attrs& at) {
  return linear_forward(input, weight, &bias, at.activation);
}

void Linear::vjp(Cell& node, const Tensor& g, Tensor* gradients) {
  const Borrowed borrowed_input(node.input_cells()[0]), borrowed_weight(node.input_cells()[1]), z(&node);
  const Tensor &input = *borrowed_input, &weight = *borrowed_weight;
  Tensor made;
  const Tensor& before = gradient_before(attrs_of<Attrs>(node).activation, g, *z, made);
  if (grad_enabled() || mutant("linear.weight_of_first_row_only") || mutant("linear.bias_averaged"))
    return record_gradients(node, input, weight, before, gradients);
  fill_gradients(node, input, weight, before, gradients);
}

Tensor linear(const Tensor& input, const Tensor& weight, const Tensor& bias, Activation activation) {
  same_dtype("linear", input, weight);
  if (bias.defined()) same_dtype("linear", input, bias);
  if (weight.ndim() != 2) throw ShapeError("linear: weight must be 2-D (out, in), not " + to_string(weight.shape()));
  if (input.ndim() == 0 || input.size(-1) != weight.size(1))
    throw ShapeError(
        "linear: input is " + to_string(input.shape()) + " but weight is " + to_string(weight.shape()) + ", which takes " +
        std::to_string(weight.size(1)) + " features" +
        (input.ndim() == 0 ? std::string() : ": " + std::to_string(input.size(-1)) + " and " + std::to_string(weight.size(1)) + " differ"));
  if (bias.defined() && (bias.ndim() != 1 || bias.size(0) != weight.size(0)))
    throw ShapeError("linear: bias is " + to_string(bias.shape()) + " but weight is " + to_string(weight.shape()) + ", which gives " +
                     std::to_string(weight.size(0)) + " features");
  const auto record_as = [&]<class Op>(Op) {
    return bias.defined() ? apply_op<Op>({activation}, input, weight, bias) : apply_op<Op>({activation}, input, weight);
  };
  return activation == Activation::None ? record_as(Linear{}) : record_as(ActivatedLinear{});
}

}  // namespace trigrad
