// For variables of a thread that every operation looks at: where they lie, and how often that is asked.
#pragma once

#include <cstddef>  // __GLIBC__

// At a place that the loader knows: in a shared library they would else be found by a call each time. Such places are few,
// so large variables lie elsewhere and only a pointer to them here (docs/decisions/0019-thread-variables.md).
#if defined(__GNUC__) && defined(__GLIBC__)
#define TRIGRAD_NEAR __attribute__((tls_model("initial-exec")))
#else
#define TRIGRAD_NEAR
#endif

namespace trigrad {

// For functions that use one several times: the compiler would work out each time where it lies.
template <class T>
T& looked_up_once(T& variable) {
  T* where = &variable;
#if defined(__GNUC__)
  asm("" : "+r"(where));  // from here on it is any pointer
#endif
  return *where;
}

}  // namespace trigrad
