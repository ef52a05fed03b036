// Helpers that the sources of the tensor engine share and nobody else needs.
#pragma once

#include <trigrad/tensor/graph.hpp>

namespace trigrad {

std::string call_site();                                    // the user's line, where somebody can tell
void check_owner(const Cell& cell, std::string_view op);    // ThreadError unless this thread recorded the graph
bool has_nan(const Tensor& x);
void same_dtype(std::string_view op, const Tensor& x, const Tensor& y);  // DTypeError where they differ
void needs_floating(std::string_view op, const Tensor& x);               // DTypeError for integers and booleans
std::size_t stack_left();                                   // bytes of this thread's stack below the caller

bool add_in_place(const Tensor& sum, const Tensor& term);  // sum += term where both lie alike; else false, and nothing is done

// A handle that neither counts nor lets go: for cells that somebody else is known to keep meanwhile.
class Borrowed {
 public:
  explicit Borrowed(Cell* cell) : tensor_(cell) {}
  ~Borrowed() { tensor_.detach_ownership(); }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  const Tensor& operator*() const { return tensor_; }

 private:
  Tensor tensor_;
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
