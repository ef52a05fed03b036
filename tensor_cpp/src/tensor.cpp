// The handle's own functions (see tensor.hpp): facts, leaves, in-place changes, printing.

#include <trigrad/tensor/internal.hpp>
#include <trigrad/tensor/ops.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace trigrad {
namespace {

std::atomic<DType> current_default = DType::Float32;

std::string quoted_shape(const Tensor& x) { return to_string(x.shape()); }

// What `name` may do in place to x with `value`: nothing where a number of x stands for several elements, and nothing
// that a graph would not notice.
void check_in_place(std::string_view name, const Tensor& x, const Tensor& value) {
  for (int k = 0; k < x.ndim(); ++k)
    if (x.size(k) > 1 && x.cell()->strides()[static_cast<std::size_t>(k)] == 0 && x.numel() > 0)
      throw GraphError(std::string(name) + ": this tensor's elements share memory or are read-only (expand); clone it first");
  refuse_tracked(name, x, value);
}

// The numbers of `source` into x, broadcast and converted.
Tensor& write(Tensor& x, const Tensor& source, std::string_view name) {
  if (capture::recording()) {
    capture::call(std::array<const Tensor*, 2>{&x, &source}, {}, [name](capture::Inputs in, Tensor*) {
      Tensor into = *in[0];
      write(into, *in[1], name);
    });
    return x;
  }
  check_in_place(name, x, source);
  const NoGrad guard;
  const Tensor stretched = expand_for(name, source, x.shape());
  if (stretched.cell()->storage == x.cell()->storage && !(stretched.raw() == x.raw() && stretched.strides() == x.strides()))
    copy_elements(clone(stretched), x);  // overlapping views: through a copy
  else copy_elements(stretched, x);
  if (!mutant("version.not_raised")) x.cell()->storage->changed();
  return x;
}

Tensor& in_place(Tensor& x, std::string_view name, const Tensor& other, Tensor (*op)(const Tensor&, const Tensor&)) {
  check_in_place(name, x, other);
  const NoGrad guard;
  return x.store_(op(x, other), name);
}

}  // namespace

DType default_dtype() { return current_default.load(std::memory_order_relaxed); }
void set_default_dtype(DType dtype) {
  if (!is_floating(dtype)) throw DTypeError("set_default_dtype: needs float32 or float64, not " + std::string(name_of(dtype)));
  current_default = dtype;
}

void refuse_tracked(std::string_view name, const Tensor& x, const Tensor& value) {
  if (!grad_enabled()) return;
  if (x.requires_grad() && x.is_leaf() && !mutant("in_place.leaf_may_change"))
    throw GraphError(std::string(name) + ": a leaf that requires grad cannot be changed in place; do it inside no_grad()");
  if (x.requires_grad() && !x.is_leaf() && !mutant("in_place.tracked_may_change"))
    throw GraphError(std::string(name) +
                     ": a tensor that a graph tracks cannot be changed in place; write a = a + b, or "
                     "change a detached clone");
  if (value.requires_grad())
    throw GraphError(std::string(name) +
                     ": a value that a graph tracks cannot be stored in place, as its gradient would be lost; write a = a + b, or "
                     "detach() the value");
}

void refuse_dtypes(std::string_view op, DType x, DType y) {
  throw DTypeError(std::string(op) + ": dtypes " + std::string(name_of(x)) + " and " + std::string(name_of(y)) +
                   " differ; convert one with .to()");
}

void refuse_dtype(std::string_view op, DType x) {
  throw DTypeError(std::string(op) + ": needs a floating-point tensor, not " + std::string(name_of(x)) +
                   "; convert it with .float() or .double()");
}

// Float64, so that float64 arithmetic sees all of its digits; being weak it makes no float32 tensor wider.
Tensor::Tensor(double constant) : Tensor(full({}, constant, DType::Float64)) { cell_->weak = true; }

Tensor Tensor::alias(Cell* cell) {
  if (cell) retain(cell, kRef | kHold);
  return Tensor(cell);
}

Tensor like(const Tensor& x, double constant) {
  Tensor c = full({}, constant, x.dtype() == DType::Bool ? DType::Int64 : x.dtype());
  c.cell()->weak = true;
  return c;
}
Tensor zeros_of(const Tensor& x) { return zeros(x.shape(), x.dtype()); }
Tensor ones_of(const Tensor& x) {
  Tensor z = empty_of(x);
  visit_dtype(x.dtype(), [&]<class T>() { std::fill_n(numbers<T>(z), z.numel(), T{1}); });
  return z;
}

double Tensor::item() const {
  if (numel() != 1)
    throw ValueError("item: a tensor of shape " + quoted_shape(*this) + " has " + std::to_string(numel()) + " elements, not one");
  return visit_dtype(dtype(), [&]<class T>() { return static_cast<double>(*data<T>()); });
}

Tensor& Tensor::set_requires_grad(bool on) {
  if (on && !is_floating(dtype()))
    throw DTypeError("requires_grad: only floating-point tensors can require gradients, not " + std::string(name_of(dtype())));
  if (!is_leaf() && !on) throw GraphError("requires_grad: only a leaf can stop requiring gradients; use detach()");
  if (capture::recording()) {
    capture::call(std::array<const Tensor*, 1>{this}, {}, [on](capture::Inputs in, Tensor*) { Tensor(*in[0]).set_requires_grad(on); });
    return *this;
  }
  cell_->requires_grad = on;
  return *this;
}

std::string_view Tensor::op_name() const { return cell_->op ? cell_->op->info->name : std::string_view(); }

Tensor Tensor::grad() const { return capture::recording() ? capture::grad_of(*this) : Tensor::alias(cell_->grad()); }

namespace {
[[noreturn]] TRIGRAD_COLD void refuse_grad(const Tensor& x, const Tensor& grad) {
  throw ShapeError("grad: a tensor of shape " + quoted_shape(x) + " and dtype " + std::string(name_of(x.dtype())) +
                   " cannot have a gradient of shape " + quoted_shape(grad) + " and dtype " + std::string(name_of(grad.dtype())));
}
TRIGRAD_COLD void note_set_grad(const Tensor& x, const Tensor& grad) {
  capture::grad_changes(x.cell());
  capture::call(std::array<const Tensor*, 2>{&x, &grad}, {}, [](capture::Inputs in, Tensor*) { Tensor(*in[0]).set_grad(*in[1]); });
}
}  // namespace

void Tensor::set_grad(const Tensor& grad) {
  if (grad.defined() && (!same_sizes(grad, *this) || grad.dtype() != dtype())) refuse_grad(*this, grad);
  if (capture::recording()) return note_set_grad(*this, grad);
  Tensor old{std::exchange(cell_->place_for_grad(), Tensor(grad).detach_ownership())};
}

void Tensor::retain_grad() {
  if (!requires_grad()) throw GraphError("retain_grad: this tensor does not require grad");
  if (capture::recording())
    return capture::call(std::array<const Tensor*, 1>{this}, {}, [](capture::Inputs in, Tensor*) { Tensor(*in[0]).retain_grad(); });
  cell_->retain_grad = true;
}

std::uint64_t Tensor::register_hook(std::function<Tensor(const Tensor&)> hook) {
  if (!requires_grad()) throw GraphError("register_hook: this tensor does not require grad");
  if (capture::recording())
    capture::refuse("register_hook was called", "register hooks on parameters before the first step; they run at every replay");
  static std::atomic<std::uint64_t> next{1};
  if (!cell_->extra) cell_->extra = new Extra;
  const std::uint64_t number = next.fetch_add(1, std::memory_order_relaxed);
  cell_->extra->hooks.emplace_back(number, std::move(hook));
  return number;
}

void Tensor::remove_hook(std::uint64_t number) {
  if (cell_->extra) std::erase_if(cell_->extra->hooks, [&](const auto& hook) { return hook.first == number; });
}

Tensor Tensor::detach() const {
  if (capture::recording()) return capture::op({this}, [](capture::Inputs in) { return in[0]->detach(); });
  if (mutant("detach.keeps_history")) return *this;
  if (mutant("detach.copies")) return clone(*this);
  cell_->storage->refs.add(1);
  return Tensor(new_cell(dtype(), shape(), strides(), cell_->storage, cell_->offset));
}

Tensor& Tensor::copy_(const Tensor& source) { return write(*this, source, "copy_"); }

Tensor& Tensor::store_(const Tensor& result, std::string_view name) {
  if (result.dtype() > dtype() && (is_floating(result.dtype()) != is_floating(dtype()) || dtype() == DType::Bool))
    throw DTypeError(std::string(name) + ": a " + std::string(name_of(result.dtype())) + " result cannot be stored in " +
                     (dtype() == DType::Int64 ? "an " : "a ") + std::string(name_of(dtype())) + " tensor");
  return write(*this, result, name);
}

Tensor& Tensor::fill_(double value, std::string_view name) { return store_(full({}, value, dtype()), name); }
Tensor& Tensor::add_(const Tensor& other) { return in_place(*this, "add_", other, operator+); }
Tensor& Tensor::sub_(const Tensor& other) { return in_place(*this, "sub_", other, operator-); }
Tensor& Tensor::mul_(const Tensor& other) { return in_place(*this, "mul_", other, operator*); }
Tensor& Tensor::div_(const Tensor& other) { return in_place(*this, "div_", other, operator/); }
Tensor& Tensor::pow_(const Tensor& other) { return in_place(*this, "pow_", other, pow); }

namespace {
void print(const Tensor& x, const Dims& strides, int dim, std::int64_t offset, std::string& text) {
  if (dim == x.ndim()) {
    char number[32];
    const double value = visit_dtype(x.dtype(), [&]<class T>() { return static_cast<double>(x.data<T>()[offset]); });
    std::snprintf(number, sizeof number, "%.6g", value);
    text += number;
    return;
  }
  text += "[";
  for (std::int64_t k = 0; k < x.size(dim); ++k) {
    if (k) text += ", ";
    print(x, strides, dim + 1, offset + k * strides[dim], text);
  }
  text += "]";
}
}  // namespace

std::string to_string(const Tensor& x) {
  std::string text = "tensor(";
  print(x, x.strides(), 0, 0, text);
  if (x.dtype() != DType::Float32) text += ", dtype=" + std::string(name_of(x.dtype()));
  if (!x.is_leaf()) text += ", grad_fn=" + std::string(x.op_name());
  else if (x.requires_grad()) text += ", requires_grad=True";
  return text + ")";
}

}  // namespace trigrad
