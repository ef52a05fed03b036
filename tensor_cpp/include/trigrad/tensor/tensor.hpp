// Tensor: a handle to an n-dimensional array that may be part of a graph. Copying a handle copies no numbers.
//
//   Tensor w = randn({3, 4}).set_requires_grad();
//   Tensor loss = sum(square(matmul(x, w)));
//   loss.backward();
//   w.grad();
//
// Read before: cell.hpp. Read next: ops.hpp (what can be done with tensors), graph.hpp (how gradients flow).
#pragma once

#include <trigrad/elementwise.hpp>
#include <trigrad/tensor/cell.hpp>
#include <trigrad/tensor/recording.hpp>
#include <trigrad/tensor/row.hpp>

#include <optional>
#include <vector>

namespace trigrad {

enum class Order { Tape, Stack, Recursive };

struct BackwardOptions {
  std::optional<bool> retain_graph{};  // not said: as create_graph
  bool create_graph = false;
  Order order = Order::Tape;
};

class Tensor {
 public:
  using is_handle = void;

  Tensor() = default;
  Tensor(double constant);  // implicit, so that `x * 2.0` works: a weak 0-dim constant
  explicit Tensor(Cell* owned) : cell_(owned) {}
  static Tensor alias(Cell* cell);  // one more handle to cell
  Tensor(const Tensor& other) : cell_(other.cell_) {
    if (cell_) retain(cell_, kRef | kHold);
  }
  Tensor(Tensor&& other) noexcept : cell_(std::exchange(other.cell_, nullptr)) {}
  Tensor& operator=(Tensor other) noexcept {
    std::swap(cell_, other.cell_);
    return *this;
  }
  ~Tensor() {
    if (cell_) release(cell_, kRef | kHold);
  }

  bool defined() const { return cell_ != nullptr; }
  Cell* cell() const { return cell_; }
  Cell* detach_ownership() { return std::exchange(cell_, nullptr); }
  bool is_same(const Tensor& other) const { return cell_ == other.cell_; }

  Dims shape() const { return Dims(cell_->sizes()); }
  Dims strides() const { return Dims(cell_->strides()); }
  int ndim() const { return cell_->ndim; }
  std::int64_t size(int dim) const { return cell_->sizes()[static_cast<std::size_t>(dim < 0 ? dim + ndim() : dim)]; }
  std::int64_t numel() const { return cell_->numel(); }
  DType dtype() const { return cell_->dtype; }
  bool is_contiguous() const { return cell_->contiguous; }
  void* raw() const {
    if (capture::recording()) capture::check_read(*cell_);
    return cell_->data();
  }
  template <class T>
  T* data() const {
    return static_cast<T*>(raw());
  }
  std::uint32_t version() const { return cell_->storage->version.get(); }
  double item() const;  // ValueError unless there is exactly one element

  bool requires_grad() const { return cell_->requires_grad; }
  Tensor& set_requires_grad(bool on = true);
  bool is_leaf() const { return cell_->is_leaf(); }
  std::string_view op_name() const;  // "" for a leaf
  Tensor grad() const;               // undefined where there is none
  void set_grad(const Tensor& grad);
  void retain_grad();
  std::uint64_t register_hook(std::function<Tensor(const Tensor&)> hook);  // called with ∂loss/∂this; may replace it
  void remove_hook(std::uint64_t number);
  void backward(const BackwardOptions& options = {}) const { backward(Tensor(), options); }
  void backward(const Tensor& gradient, const BackwardOptions& options) const;
  Tensor detach() const;  // shares numbers and version counter, not the graph

  // In place. GraphError on what expand() made, and outside of no_grad on what a graph tracks and on a leaf that requires
  // grad: a rule may need the old numbers.
  Tensor& copy_(const Tensor& source);  // broadcast and converted
  Tensor& store_(const Tensor& result, std::string_view name);  // broadcast; DTypeError where this dtype cannot hold what `name` gave
  Tensor& fill_(double value, std::string_view name = "fill_");
  Tensor& zero_() { return fill_(0, "zero_"); }
  Tensor& add_(const Tensor& other);
  Tensor& sub_(const Tensor& other);
  Tensor& mul_(const Tensor& other);
  Tensor& div_(const Tensor& other);
  Tensor& pow_(const Tensor& other);

  template <class Op, class... In>
  static Tensor apply(const typename Op::Attrs& attrs, const In&... inputs);

 private:
  Cell* cell_ = nullptr;
};

Tensor like(const Tensor& x, double constant);  // a weak 0-dim constant of x's dtype
inline Tensor empty_of(const Tensor& x) { return Tensor(new_cell_like(*x.cell())); }  // x's shape and dtype; the numbers are not set
Tensor zeros_of(const Tensor& x);
Tensor ones_of(const Tensor& x);

Tensor apply_elementwise(const OpRow& row, const PackedAttrs& attrs, std::span<const Tensor* const> inputs);

template <class Op, class... In>
Tensor Tensor::apply(const typename Op::Attrs& attrs, const In&... inputs) {
  static_assert(sizeof...(In) == Op::arity);
  const Tensor* list[] = {&inputs...};
  return apply_elementwise(row_of<Op>(), pack<Op>(attrs), list);
}

std::string to_string(const Tensor& x);

}  // namespace trigrad
