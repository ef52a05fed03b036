// OpRow: what the tensor engine knows of an op. A node points to its op's row; there is no registration.
//
// Elementwise ops get their row from the formulas of the list (kernels.hpp); structural ops from structural.hpp. A
// user's own struct gets one from the same templates.
#pragma once

#include <trigrad/op.hpp>
#include <trigrad/tensor/dtype.hpp>

namespace trigrad {

class Tensor;
struct Cell;

// A kernel sees `n` numbers of one type in each input, contiguous, n a multiple of kLanes; it knows nothing of shapes.
constexpr std::size_t kLanes = 16;
using Block = void (*)(const PackedAttrs& attrs, const void* const* in, void* out, std::size_t n);

enum ComputeType { ComputeFloat, ComputeDouble, ComputeInt, kComputeTypes };

struct Kernels {
  Block forward[kComputeTypes]{};                          // in: the inputs
  Block rule[3][2]{};                                      // [input][float, double]; in: g, the inputs, z
  Tensor (*recorded_rule[3])(const PackedAttrs&, const Tensor& g, const Tensor* in, const Tensor& z){};  // for create_graph
};

struct OpRow {
  const OpInfo* info = nullptr;
  int arity = 0;  // 0: any number of inputs
  // Writes ∂loss/∂input k to gradients[k] for every input that wants it (graph.hpp: wants_gradient).
  void (*vjp)(Cell& node, const Tensor& g, Tensor* gradients) = nullptr;
  bool hands_on = false;  // the gradient of every input is g itself, and the rules need not be asked
  std::size_t attrs_bytes = 0;
  void (*destroy_attrs)(void* attrs) = nullptr;  // null: trivially destructible
  const Kernels* kernels = nullptr;              // null: a structural op
};

template <class Op>
const OpRow& row_of();  // defined in kernels.hpp; the list's are instantiated once, in src/rows_*.cpp

}  // namespace trigrad
