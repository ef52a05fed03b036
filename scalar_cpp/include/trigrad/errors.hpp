// The typed errors of every engine. They are thrown at the edge of the interface, before any work is done, and say what
// was called, both shapes or values, and the remedy. Python sees the same text under the type that it would expect.
#pragma once

#include <stdexcept>
#include <string>

namespace trigrad {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct ShapeError : Error {
  using Error::Error;
};      // Python: a ValueError
struct ValueError : Error {
  using Error::Error;
};      // Python: ValueError
struct DTypeError : Error {
  using Error::Error;
};      // Python: a TypeError
struct TypeError : Error {
  using Error::Error;
};       // Python: TypeError
struct IndexError : Error {
  using Error::Error;
};      // Python: IndexError
struct GraphError : Error {
  using Error::Error;
};      // Python: a RuntimeError
struct ThreadError : Error {
  using Error::Error;
};     // Python: a RuntimeError
struct DepthError : Error {
  using Error::Error;
};      // Python: a RecursionError
struct AnomalyError : Error {
  using Error::Error;
};    // Python: a RuntimeError
struct CaptureError : Error {
  using Error::Error;
};    // Python: a RuntimeError
struct NotImplemented : Error {
  using Error::Error;
};  // Python: NotImplementedError

}  // namespace trigrad
