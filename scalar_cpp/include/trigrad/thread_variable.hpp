// Where the variables of a thread lie that every operation looks at.
#pragma once

#include <cstddef>  // __GLIBC__

// At a place that the loader knows: in a shared library they would else be found by a call each time. Such places are few,
// so large variables lie elsewhere and only a pointer to them here (docs/decisions/0019-thread-variables.md).
#if defined(__GNUC__) && defined(__GLIBC__)
#define TRIGRAD_NEAR __attribute__((tls_model("initial-exec")))
#else
#define TRIGRAD_NEAR
#endif
