// The one list of elementwise operations. To add one: write its struct in ops/*.hpp, name it in that file's list, and
// write its NumPy witness in reference_py. Engines, bindings, tests, stubs and docs/ops.md follow from the list.
#pragma once

#include <trigrad/ops/activations.hpp>
#include <trigrad/ops/arithmetic.hpp>
#include <trigrad/ops/comparisons.hpp>
#include <trigrad/ops/exponential.hpp>
#include <trigrad/ops/trigonometric.hpp>

namespace trigrad {

using ElementwiseOps = Concat<Arithmetic, Exponential, Trigonometric, Activations, Comparisons>::type;

}  // namespace trigrad
