// The one loop nest behind every elementwise op: broadcasting, strides and types are dealt with here, so that kernels
// (kernels.hpp) see contiguous blocks of one type.
//
// Shapes: every operand is stretched to the output's shape by stride 0. Axes that lie seamlessly behind one another in
// all operands are merged; the last one that remains is the row. A row is cut into chunks. An operand that already is
// contiguous and of the right type is handed over as it is, any other is gathered into a buffer first.

#include "parallel.hpp"

#include <trigrad/tensor/elementwise_driver.hpp>
#include <trigrad/tensor/graph.hpp>
#include <trigrad/tensor/internal.hpp>
#include <trigrad/tensor/kernels.hpp>
#include <trigrad/tensor/ops.hpp>

#include <algorithm>

namespace trigrad {
namespace {

constexpr std::size_t kMaxOperands = 6;   // g, three inputs, z, and the output
constexpr std::int64_t kChunk = 512;      // elements gathered at once: fits in the first-level cache with its siblings

struct Operand {
  std::byte* data;
  DType dtype;
  std::int64_t item;  // bytes per element
  Dims strides;       // in bytes, one per axis of the loop nest
};

struct LoopNest {
  Dims sizes;
  std::array<Operand, kMaxOperands> operands;
  std::size_t count = 0;
};

Operand operand_for(const Tensor& x, const Dims& shape) {
  const auto item = static_cast<std::int64_t>(size_of(x.dtype()));
  Operand operand{static_cast<std::byte*>(x.cell()->data()), x.dtype(), item, Dims::filled(shape.size(), 0)};
  const auto sizes = x.cell()->sizes(), strides = x.cell()->strides();
  const int shift = shape.size() - x.ndim();
  for (int k = 0; k < x.ndim(); ++k) {
    const auto axis = static_cast<std::size_t>(k);
    if (sizes[axis] != 1) operand.strides[k + shift] = strides[axis] * item;
  }
  return operand;
}

void merge_axes(LoopNest& nest) {
  int last = -1;  // the axis that was written last
  Dims sizes = nest.sizes;
  for (int k = 0; k < nest.sizes.size(); ++k) {
    if (nest.sizes[k] == 1) continue;
    bool seamless = last >= 0;
    for (std::size_t i = 0; i < nest.count && seamless; ++i)
      seamless = nest.operands[i].strides[last] == nest.operands[i].strides[k] * nest.sizes[k];
    if (!seamless) sizes[++last] = 1;
    sizes[last] *= nest.sizes[k];
    for (std::size_t i = 0; i < nest.count; ++i) nest.operands[i].strides[last] = nest.operands[i].strides[k];
  }
  if (last < 0) {
    nest.sizes = Dims{1};
    for (std::size_t i = 0; i < nest.count; ++i) nest.operands[i].strides = Dims{0};
    return;
  }
  nest.sizes = Dims(std::span<const std::int64_t>(sizes.begin(), static_cast<std::size_t>(last + 1)));
}

// to[0..n) = from, converted; then the last number is repeated up to a whole number of lanes.
template <class T>
void gather(DType dtype, const std::byte* data, std::int64_t stride, std::int64_t n, T* to) {
  visit_dtype(dtype, [&]<class S>() {
    const auto number = [&](std::int64_t k) { return static_cast<T>(*reinterpret_cast<const S*>(data + k * stride)); };
    if (stride == 0) std::fill_n(to, n, number(0));
    else
      for (std::int64_t k = 0; k < n; ++k) to[k] = number(k);
  });
  const auto padded = (n + static_cast<std::int64_t>(kLanes) - 1) / static_cast<std::int64_t>(kLanes) * static_cast<std::int64_t>(kLanes);
  for (std::int64_t k = n; k < padded; ++k) to[k] = to[n - 1];
}

template <class T>
void scatter(const T* from, const Operand& to, std::byte* data, std::int64_t stride, std::int64_t n) {
  visit_dtype(to.dtype, [&]<class S>() {
    for (std::int64_t k = 0; k < n; ++k) *reinterpret_cast<S*>(data + k * stride) = static_cast<S>(from[k]);
  });
}

template <class T>
void run_row(Block block, const PackedAttrs& attrs, const LoopNest& nest, const std::array<std::byte*, kMaxOperands>& data,
             std::int64_t n) {
  const int row = nest.sizes.size() - 1;
  const std::size_t inputs = nest.count - 1;
  alignas(64) T buffers[kMaxOperands][kChunk];
  bool direct[kMaxOperands];
  bool all_direct = true;
  for (std::size_t i = 0; i < nest.count; ++i) {
    direct[i] = nest.operands[i].dtype == dtype_of<T> && nest.operands[i].strides[row] == sizeof(T);
    all_direct &= direct[i];
  }
  const void* in[kMaxOperands];
  std::int64_t start = 0;
  const std::int64_t whole = n - n % static_cast<std::int64_t>(kLanes);
  if (all_direct && whole > 0) {
    for (std::size_t i = 0; i < inputs; ++i) in[i] = data[i];
    block(attrs, in, data[inputs], static_cast<std::size_t>(whole));
    start = whole;
  }
  bool repeated[kMaxOperands]{};
  for (std::size_t i = 0; i < inputs && start < n; ++i)
    if (nest.operands[i].strides[row] == 0) {  // one number for the whole row: it is gathered once
      gather(nest.operands[i].dtype, data[i], 0, std::min(kChunk, n), buffers[i]);
      in[i] = buffers[i];
      repeated[i] = true;
    }
  while (start < n) {
    std::int64_t chunk = std::min(kChunk, n - start);
    if (chunk >= static_cast<std::int64_t>(kLanes)) chunk -= chunk % static_cast<std::int64_t>(kLanes);
    const bool partial = chunk < static_cast<std::int64_t>(kLanes);
    for (std::size_t i = 0; i < inputs; ++i) {
      if (repeated[i]) continue;
      const std::int64_t stride = nest.operands[i].strides[row];
      std::byte* from = data[i] + start * stride;
      if (direct[i] && !partial) {
        in[i] = from;
      } else {
        gather(nest.operands[i].dtype, from, stride, chunk, buffers[i]);
        in[i] = buffers[i];
      }
    }
    const std::int64_t stride = nest.operands[inputs].strides[row];
    std::byte* to = data[inputs] + start * stride;
    if (direct[inputs] && !partial) {
      block(attrs, in, to, static_cast<std::size_t>(chunk));
    } else {
      block(attrs, in, buffers[inputs], partial ? kLanes : static_cast<std::size_t>(chunk));
      scatter(buffers[inputs], nest.operands[inputs], to, stride, chunk);
    }
    start += chunk;
  }
}

template <class T>
void run_nest(Block block, const PackedAttrs& attrs, const LoopNest& nest) {
  const int rows = nest.sizes.size() - 1;
  std::array<std::byte*, kMaxOperands> data{};
  for (std::size_t i = 0; i < nest.count; ++i) data[i] = nest.operands[i].data;
  Dims position = Dims::filled(rows, 0);
  while (true) {
    run_row<T>(block, attrs, nest, data, nest.sizes[rows]);
    int k = rows - 1;
    for (; k >= 0; --k) {  // the next row, as an odometer turns
      for (std::size_t i = 0; i < nest.count; ++i) data[i] += nest.operands[i].strides[k];
      if (++position[k] < nest.sizes[k]) break;
      for (std::size_t i = 0; i < nest.count; ++i) data[i] -= nest.operands[i].strides[k] * nest.sizes[k];
      position[k] = 0;
    }
    if (k < 0) return;
  }
}

// The common case needs no loop nest: all operands lie as the output does, so the tensor is one long row.
bool lies_like(const Tensor& x, const Tensor& out) { return x.dtype() == out.dtype() && x.is_contiguous() && same_sizes(x, out); }

// Then the output has the first one's shape and type, too: nothing is broadcast or promoted.
inline bool lie_alike(std::span<const Tensor* const> inputs) {
  const Tensor& x = *inputs[0];
  return is_floating(x.dtype()) && x.is_contiguous() &&
         std::ranges::all_of(inputs.subspan(1), [&](const Tensor* y) { return lies_like(*y, x); });
}

// n < kLanes numbers, from `first` on
template <class T>
[[gnu::noinline]] void run_rest(Block block, const PackedAttrs& attrs, std::span<const void* const> in, T* to, std::size_t n,
                                std::size_t first = 0) {
  alignas(64) T buffers[kMaxOperands][kLanes], *result = buffers[in.size()];
  const void* padded[kMaxOperands];
  for (std::size_t i = 0; i < in.size(); ++i) {
    pad(static_cast<const T*>(in[i]) + first, n, buffers[i]);
    padded[i] = buffers[i];
  }
  block(attrs, padded, result, kLanes);
  std::copy_n(result, n, to + first);
}

template <class T>
void run_flat(Block block, const PackedAttrs& attrs, std::span<const Tensor* const> inputs, const Tensor& out) {
  const std::int64_t n = out.numel();
  const auto rest = static_cast<std::size_t>(n) % kLanes, whole = static_cast<std::size_t>(n) - rest;
  const void* in[kMaxOperands];
  for (std::size_t i = 0; i < inputs.size(); ++i) in[i] = numbers<T>(*inputs[i]);
  T* const to = numbers<T>(out);
  if (const int threads = threads_for(n); threads > 1)
    parallel_for(static_cast<std::int64_t>(whole), kLanes, threads, [&](std::int64_t first, std::int64_t last, int) {
      const void* from[kMaxOperands];
      for (std::size_t i = 0; i < inputs.size(); ++i) from[i] = static_cast<const T*>(in[i]) + first;
      block(attrs, from, to + first, static_cast<std::size_t>(last - first));
    });
  else if (whole > 0) block(attrs, in, to, whole);
  if (rest > 0) run_rest(block, attrs, std::span<const void* const>(in, inputs.size()), to, rest, whole);
}

void run_alike(Block block, const PackedAttrs& attrs, std::span<const Tensor* const> inputs, const Tensor& out) {
  if (out.dtype() == DType::Float32) run_flat<float>(block, attrs, inputs, out);
  else run_flat<double>(block, attrs, inputs, out);
}

// Nearly as common, x * 2: operands that are one number stand repeated in a buffer, the others lie as the output does.
inline bool lie_alike_but_for_numbers(std::span<const Tensor* const> inputs, const Tensor& out) {
  return out.is_contiguous() && out.dtype() != DType::Bool &&
         std::ranges::all_of(inputs, [&](const Tensor* x) { return x->numel() == 1 || lies_like(*x, out); });
}

template <class T>
void run_with_numbers(Block block, const PackedAttrs& attrs, std::span<const Tensor* const> inputs, const Tensor& out) {
  constexpr auto lanes = static_cast<std::int64_t>(kLanes);
  const std::int64_t n = out.numel(), rest = n % lanes;
  alignas(64) T repeated[kMaxOperands][kChunk];
  const T* in[kMaxOperands];
  std::int64_t step[kMaxOperands];
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    step[i] = inputs[i]->numel() == 1 ? 0 : 1;
    in[i] = step[i] ? numbers<T>(*inputs[i]) : repeated[i];
    if (!step[i]) gather(inputs[i]->dtype(), static_cast<std::byte*>(inputs[i]->cell()->data()), 0, std::min(kChunk, n), repeated[i]);
  }
  const auto from = [&](std::int64_t start) {
    std::array<const void*, kMaxOperands> operands;
    for (std::size_t i = 0; i < inputs.size(); ++i) operands[i] = in[i] + start * step[i];
    return operands;
  };
  T* const to = numbers<T>(out);
  parallel_for(n - rest, lanes, threads_for(n), [&](std::int64_t first, std::int64_t last, int) {
    for (std::int64_t start = first; start < last; start += kChunk)
      block(attrs, from(start).data(), to + start, static_cast<std::size_t>(std::min(kChunk, last - start)));
  });
  if (rest == 0) return;
  const auto operands = from(n - rest);
  run_rest(block, attrs, std::span(operands.data(), inputs.size()), to + n - rest, static_cast<std::size_t>(rest));
}

void visit_compute(ComputeType compute, auto work) {
  switch (compute) {
    case ComputeFloat:
      return work.template operator()<float>();
    case ComputeDouble:
      return work.template operator()<double>();
    default:
      return work.template operator()<std::int64_t>();
  }
}

DType result_dtype(std::span<const Tensor* const> inputs, const OpInfo& info) {
  const std::size_t first = info.name == "where" ? 1 : 0;  // a condition takes no part in promotion
  const DType promoted = promote(inputs.subspan(first));
  if (info.result == Result::Float && !is_floating(promoted)) return default_dtype();
  return promoted;
}

// What whole numbers and truth values have no answer for. Floats always have one, if only NaN.
void check_whole(std::span<const Tensor* const> inputs, const OpInfo& info, DType dtype) {
  if (dtype == DType::Bool && info.name == "sub") throw DTypeError("sub: booleans cannot be subtracted; use a != b");
  if (dtype == DType::Bool && info.name == "neg") throw DTypeError("neg: a boolean has no negative; use ~ or logical_not");
  if (dtype != DType::Int64 || info.name != "pow") return;
  const Tensor powers = contiguous_data(to_dtype(*inputs[1], DType::Int64));
  const auto* first = powers.data<std::int64_t>();
  if (std::any_of(first, first + powers.numel(), [](std::int64_t power) { return power < 0; }))
    throw ValueError("pow: an integer to a negative power is no integer; make the base a float");
}

template <class T>
TRIGRAD_CLONES void add_flat(T* __restrict sum, const T* __restrict term, std::size_t n) {
  for_lanes(n, [=](std::size_t i) { sum[i] += term[i]; });  // one exact rounding each, wherever it stands
}

template <class T>
void copy_block(const PackedAttrs&, const void* const* in, void* out, std::size_t n) {
  std::copy_n(static_cast<const T*>(in[0]), n, static_cast<T*>(out));
}

}  // namespace

ComputeType compute_type(DType dtype) {
  return dtype == DType::Float32 ? ComputeFloat : dtype == DType::Float64 ? ComputeDouble : ComputeInt;
}

void run_block(Block block, ComputeType compute, const PackedAttrs& attrs, std::span<const Tensor* const> in, const Tensor& out) {
  if (out.numel() == 0) return;
  const bool same_type = compute == compute_type(out.dtype());
  if (same_type && lie_alike(in) && lies_like(out, *in[0])) return run_alike(block, attrs, in, out);
  if (same_type && lie_alike_but_for_numbers(in, out))
    return visit_compute(compute, [&]<class T>() { run_with_numbers<T>(block, attrs, in, out); });
  LoopNest nest;
  nest.sizes = out.shape();
  for (const Tensor* x : in) nest.operands[nest.count++] = operand_for(*x, nest.sizes);
  nest.operands[nest.count++] = operand_for(out, nest.sizes);
  merge_axes(nest);
  visit_compute(compute, [&]<class T>() { run_nest<T>(block, attrs, nest); });
}

bool add_in_place(const Tensor& sum, const Tensor& term) {
  if (!is_floating(sum.dtype()) || !sum.is_contiguous() || !lies_like(term, sum)) return false;
  if (sum.cell()->data() == term.cell()->data()) return false;
  visit_floating(sum.dtype(), [&]<class T>() {
    const std::int64_t n = sum.numel();
    parallel_for(n, kLanes, threads_for(n), [to = numbers<T>(sum), from = numbers<T>(term)](std::int64_t first, std::int64_t last, int) {
      add_flat(to + first, from + first, static_cast<std::size_t>(last - first));
    });
  });
  sum.cell()->storage->changed();
  return true;
}

void copy_elements(const Tensor& from, const Tensor& to) {
  const Tensor* in[] = {&from};
  const DType wider = std::max(from.dtype(), to.dtype());
  static constexpr Block blocks[] = {copy_block<float>, copy_block<double>, copy_block<std::int64_t>};
  const ComputeType compute = compute_type(wider);
  run_block(blocks[compute], compute, {}, in, to);
}

DType promote(std::span<const Tensor* const> inputs) {
  // As PyTorch: tensors with dimensions first, then 0-dim ones, then plain numbers; each later class counts only where
  // its category (boolean, integer, floating) is higher.
  const auto category = [](DType dtype) { return is_floating(dtype) ? 2 : dtype == DType::Int64 ? 1 : 0; };
  if (std::ranges::all_of(inputs, [&](const Tensor* x) { return x->dtype() == inputs[0]->dtype(); })) return inputs[0]->dtype();
  std::optional<DType> result;
  for (const int level : {0, 1, 2}) {
    std::optional<DType> of_level;
    for (const Tensor* x : inputs) {
      const int its_level = x->cell()->weak ? 2 : x->ndim() == 0 ? 1 : 0;
      if (its_level == level) of_level = std::max(of_level.value_or(DType::Bool), x->dtype());
    }
    if (!of_level) continue;
    if (!result) result = of_level;
    else if (category(*of_level) > category(*result)) result = level == 2 && is_floating(*of_level) ? default_dtype() : *of_level;
  }
  return result.value_or(default_dtype());
}

namespace {
// x and a plain number: x alone decides the result's type and shape, and nothing needs to be looked up.
bool second_is_a_number(std::span<const Tensor* const> inputs) {
  if (inputs.size() != 2) return false;
  const Cell &x = *inputs[0]->cell(), &number = *inputs[1]->cell();
  return number.weak && !x.weak && is_floating(x.dtype) && number.ndim == 0 && inputs[0]->is_contiguous();
}

// Types are promoted, shapes broadcast.
[[gnu::noinline]] Tensor apply_to_unlike(const OpRow& row, const PackedAttrs& attrs, std::span<const Tensor* const> inputs) {
  const OpInfo& info = *row.info;
  if (info.result != Result::Bool && second_is_a_number(inputs)) {
    Tensor z = empty_of(*inputs[0]);
    const ComputeType compute = compute_type(z.dtype());
    run_block(row.kernels->forward[compute], compute, attrs, inputs, z);
    return z;
  }
  const DType promoted = result_dtype(inputs, info);
  const DType dtype = info.result == Result::Bool ? DType::Bool : promoted;
  if (!is_floating(dtype)) check_whole(inputs, info, dtype);
  Dims shape = inputs[0]->shape();
  for (const Tensor* x : inputs.subspan(1)) shape = broadcast(info.name, shape, x->shape());
  Tensor z = empty(shape, dtype);
  const ComputeType compute = compute_type(promoted);
  run_block(row.kernels->forward[compute], compute, attrs, inputs, z);
  return z;
}

Tensor apply_to_alike(const OpRow& row, const PackedAttrs& attrs, std::span<const Tensor* const> inputs) {
  Tensor z = empty_of(*inputs[0]);
  run_alike(row.kernels->forward[compute_type(z.dtype())], attrs, inputs, z);
  return z;
}
}  // namespace

Tensor apply_elementwise(const OpRow& row, const PackedAttrs& attrs, std::span<const Tensor* const> inputs) {
  if (capture::recording()) return capture::op(inputs, [&row, attrs](capture::Inputs in) { return apply_elementwise(row, attrs, in); });
  const bool alike = row.info->result != Result::Bool && lie_alike(inputs);
  Tensor z = alike ? apply_to_alike(row, attrs, inputs) : apply_to_unlike(row, attrs, inputs);
  if (std::ranges::all_of(inputs, [](const Tensor* x) { return x->cell()->weak; })) z.cell()->weak = true;
  if (detect_anomaly()) check_output(z, row.info->name, inputs);
  if (row.vjp && is_floating(z.dtype())) record(z, row, inputs, attrs.data());
  return z;
}

namespace {
// Rules in ops, where they are to be differentiated again.
TRIGRAD_COLD void record_rules(Cell& node, const Tensor& g, Tensor* gradients) {
  Tensor in[3];
  for (std::size_t k = 0; k < node.input_count; ++k) in[k] = input_of(node, k);
  for (std::size_t k = 0; k < node.input_count; ++k)
    if (wants_gradient(node, k))
      gradients[k] = node.op->kernels->recorded_rule[k](std::bit_cast<PackedAttrs>(node.attrs), g, in, Tensor::alias(&node));
}

// The operands are g, the inputs and z. What the rule does not read was not saved; g stands in for it.
void run_rules(Cell& node, const Tensor& g, Tensor* gradients, unsigned computed) {
  const std::size_t arity = node.input_count;
  const Borrowed x(node.input_cells()[0]), y(arity > 1 ? node.input_cells()[1] : nullptr), w(arity > 2 ? node.input_cells()[2] : nullptr);
  const Borrowed z(&node);
  const Tensor* const in[] = {&*x, &*y, &*w};
  const Tensor* operands[kMaxOperands] = {&g};
  for (std::size_t k = 0; k < arity; ++k) operands[k + 1] = (node.inputs_saved >> k & 1) ? in[k] : &g;
  operands[arity + 1] = node.holds_itself ? &*z : &g;
  const ComputeType compute = compute_type(g.dtype());
  for (std::size_t k = 0; k < arity; ++k) {
    if (!(computed >> k & 1)) continue;
    gradients[k] = empty_of(g);
    run_block(node.op->kernels->rule[k][compute], compute, std::bit_cast<PackedAttrs>(node.attrs), std::span(operands, arity + 2),
              gradients[k]);
  }
}
}  // namespace

void elementwise_vjp(Cell& node, const Tensor& g, Tensor* gradients) {
  if (grad_enabled()) return record_rules(node, g, gradients);
  unsigned computed = 0;  // bit k: by a rule; other gradients are g itself, but where a planted fault stands in the rule
  for (std::size_t k = 0; k < node.input_count; ++k) {
    if (!wants_gradient(node, k, node.inputs.few[k])) continue;
    if (node.op->info->passes[k] && !kMutants) gradients[k] = g;
    else computed |= 1u << k;
  }
  if (computed != 0) run_rules(node, g, gradients, computed);
}

}  // namespace trigrad
