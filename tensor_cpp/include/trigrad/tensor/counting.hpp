// A count that several threads may change, at the price of a plain addition while only one can.
//
// A locked addition waits until all earlier stores are done, twenty cycles and more. An addition of 64 numbers and its
// backward change fifteen counts; that was a third of their time (decision 0008). No lock is needed
//   - while the process has one thread, which the C library knows: it says otherwise before a second one starts;
//   - where somebody else's lock is held whenever a count changes: CPython's, for all of the Python module (it never lets
//     go of it), although NumPy and others have threads.
//
// Read next: cell.hpp.
#pragma once

#include <trigrad/mutants.hpp>

#include <atomic>

#if __has_include(<sys/single_threaded.h>)  // glibc 2.32
#include <sys/single_threaded.h>
#endif

namespace trigrad {

inline bool counts_are_guarded = false;  // set before the first tensor is made, and never again

inline bool nobody_interferes() {
  if (mutant("counts.never_locked")) return true;
#if __has_include(<sys/single_threaded.h>)
  if (__libc_single_threaded) return true;
#endif
  return counts_are_guarded;
}

template <class T>
class Count {
 public:
  constexpr Count(T value) : value_(value) {}
  Count(const Count&) = delete;
  Count& operator=(const Count&) = delete;

  T get() const { return std::atomic_ref(value_).load(std::memory_order_acquire); }
  void add(T n) {
    if (nobody_interferes()) value_ += n;
    else std::atomic_ref(value_).fetch_add(n, std::memory_order_acq_rel);
  }
  T take(T n) {  // what is left
    if (nobody_interferes()) return value_ -= n;
    return std::atomic_ref(value_).fetch_sub(n, std::memory_order_acq_rel) - n;
  }
  // Becomes `after` if it still is `before`; else `before` becomes what it is now. May fail for no reason.
  bool replace(T& before, T after) {
    return std::atomic_ref(value_).compare_exchange_weak(before, after, std::memory_order_acq_rel, std::memory_order_acquire);
  }

 private:
  mutable T value_;  // for atomic_ref, which reads no constants
};

}  // namespace trigrad
