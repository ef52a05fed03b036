// Helpers that the sources of the tensor engine share and nobody else needs.
#pragma once

#include <trigrad/tensor/graph.hpp>
#include <trigrad/tensor/ops.hpp>

namespace trigrad {

std::string call_site();                                    // the user's line, where somebody can tell
bool has_nan(const Tensor& x);
std::size_t stack_left();                                   // bytes of this thread's stack below the caller

// Checks are in sight, since every operation makes some; what they say when they fail is not.
[[noreturn]] TRIGRAD_COLD void refuse_dtypes(std::string_view op, DType x, DType y);
[[noreturn]] TRIGRAD_COLD void refuse_dtype(std::string_view op, DType x);
[[noreturn]] TRIGRAD_COLD void refuse_other_thread(std::string_view op);

inline void same_dtype(std::string_view op, const Tensor& x, const Tensor& y) {  // DTypeError where they differ
  if (x.dtype() != y.dtype()) refuse_dtypes(op, x.dtype(), y.dtype());
}
inline void needs_floating(std::string_view op, const Tensor& x) {  // DTypeError for integers and booleans
  if (!is_floating(x.dtype())) refuse_dtype(op, x.dtype());
}
// ThreadError unless this thread recorded the graph.
inline void check_owner(const Cell& cell, std::string_view op) {
  const bool foreign = !cell.is_leaf() && cell.requires_grad && cell.thread != thread_state.number;
  if (foreign && !mutant("thread.not_checked")) refuse_other_thread(op);
}

inline bool same_sizes(const Tensor& x, const Tensor& y) { return same_sizes(*x.cell(), *y.cell()); }

bool add_in_place(const Tensor& sum, const Tensor& term);  // sum += term where both lie alike; else false, and nothing is done

// A tensor that nobody else holds and that fills its storage may be written over, or become somebody's .grad as it is.
inline bool is_ours_alone(const Tensor& g) {
  const Cell& cell = *g.cell();
  if (cell.counts.get() != (kRef | kHold) || cell.weak || !cell.fills_storage) return false;
  return cell.storage->refs.get() == (cell.with_numbers ? 2u : 1u);
}

// Where x's numbers start, for what computes with them: unlike x.data<T>(), without asking whether a recording lets us look.
template <class T>
T* numbers(const Cell& cell) {
  return reinterpret_cast<T*>(cell.storage->data) + cell.offset;
}
template <class T>
T* numbers(const Tensor& x) {
  return numbers<T>(*x.cell());
}

// A tensor as one run of numbers; where its elements do not lie so, a copy. An undefined one has no numbers.
class Flat {
 public:
  explicit Flat(const Tensor& x) : tensor_(x), flat_(x.cell()) {
    if (x.defined() && !x.is_contiguous()) flat_ = contiguous_data(x).detach_ownership();
  }
  explicit Flat(Tensor&&) = delete;  // it would be gone
  Flat(const Flat&) = delete;
  Flat& operator=(const Flat&) = delete;
  ~Flat() {
    if (is_copy()) release(flat_, kRef | kHold);
  }
  template <class T>
  T* data() const {
    return flat_ ? numbers<T>(*flat_) : nullptr;
  }
  void changed() const {  // by who wrote there: what was a copy goes back
    if (!tensor_.defined()) return;
    if (is_copy()) copy_elements(*Borrowed(flat_), tensor_);
    tensor_.cell()->storage->changed();
  }

 private:
  bool is_copy() const { return flat_ != tensor_.cell(); }

  const Tensor& tensor_;
  Cell* flat_;
};

// Where the stack is now. The address of a local would not do: sanitizers move locals elsewhere.
inline std::uintptr_t stack_position() {
#if defined(__GNUC__)
  return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
#else
  const volatile char here = 0;
  return reinterpret_cast<std::uintptr_t>(&here);
#endif
}

}  // namespace trigrad
