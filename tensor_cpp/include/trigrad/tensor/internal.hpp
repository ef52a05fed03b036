// Helpers that the sources of the tensor engine share and nobody else needs.
#pragma once

#include <trigrad/tensor/graph.hpp>
#include <trigrad/tensor/ops.hpp>

namespace trigrad {

std::string call_site();                                    // the user's line, where somebody can tell
void check_owner(const Cell& cell, std::string_view op);    // ThreadError unless this thread recorded the graph
bool has_nan(const Tensor& x);
void same_dtype(std::string_view op, const Tensor& x, const Tensor& y);  // DTypeError where they differ
void needs_floating(std::string_view op, const Tensor& x);               // DTypeError for integers and booleans
std::size_t stack_left();                                   // bytes of this thread's stack below the caller

inline bool same_sizes(const Tensor& x, const Tensor& y) { return same_sizes(x.cell()->sizes(), y.cell()->sizes()); }

bool add_in_place(const Tensor& sum, const Tensor& term);  // sum += term where both lie alike; else false, and nothing is done

// A tensor that nobody else holds and that fills its storage may be written over, or become somebody's .grad as it is.
inline bool is_ours_alone(const Tensor& g) {
  const Cell& cell = *g.cell();
  if (cell.counts.get() != (kRef | kHold) || cell.weak) return false;
  if (cell.with_numbers) return cell.storage->refs.get() == 2;  // they were made for each other
  return cell.storage->refs.get() == 1 && cell.contiguous && !cell.storage->borrowed &&
         static_cast<std::size_t>(cell.numel()) * size_of(cell.dtype) == cell.storage->bytes;
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
    if (!x.defined() || x.is_contiguous()) return;
    copy_ = contiguous_data(x);
    flat_ = copy_.cell();
  }
  explicit Flat(Tensor&&) = delete;  // it would be gone
  template <class T>
  T* data() const {
    return flat_ ? numbers<T>(*flat_) : nullptr;
  }
  void changed() const {  // by who wrote there: what was a copy goes back
    if (!tensor_.defined()) return;
    if (copy_.defined()) copy_elements(copy_, tensor_);
    tensor_.cell()->storage->changed();
  }

 private:
  const Tensor& tensor_;
  Tensor copy_;
  const Cell* flat_;
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
