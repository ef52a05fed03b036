// From a structural op's struct to its row and its recorded call. A user's own structural op uses apply_op too:
//
//   struct Double {
//     static constexpr OpInfo info{.name = "double"};
//     using Attrs = NoAttrs;
//     static Tensor forward(const Tensor& x, const Attrs&) { return x + x; }           // runs unrecorded
//     static Tensor gx(const Tensor& g, const Tensor&, const Tensor&, const Attrs&) { return g + g; }
//   };
//   Tensor y = apply_op<Double>({}, x);
#pragma once

#include <trigrad/tensor/graph.hpp>

namespace trigrad {

template <class Op>
concept HasJointRule = requires(Cell& node, const Tensor& g, Tensor* gradients) { Op::vjp(node, g, gradients); };

template <class Op>
void structural_vjp(Cell& node, const Tensor& g, Tensor* gradients) {
  if constexpr (HasJointRule<Op>) {
    Op::vjp(node, g, gradients);
  } else {
    using Attrs = typename Op::Attrs;
    const Attrs& attrs = attrs_of<Attrs>(node);
    const Borrowed x(node.input_cells()[0]), z(&node);
    if constexpr (requires { Op::gx(g, *x, *z, attrs); }) {
      if (wants_gradient(node, 0)) gradients[0] = Op::gx(g, *x, *z, attrs);
    } else {
      const Borrowed y(node.input_cells()[1]);
      if (wants_gradient(node, 0)) gradients[0] = Op::gx(g, *x, *y, *z, attrs);
      if constexpr (requires { Op::gy(g, *x, *y, *z, attrs); })
        if (wants_gradient(node, 1)) gradients[1] = Op::gy(g, *x, *y, *z, attrs);
    }
  }
}

template <class Op>
const OpRow& structural_row() {
  static_assert(std::is_trivially_copyable_v<typename Op::Attrs>);
  static constexpr OpRow row{
      .info = &Op::info, .vjp = structural_vjp<Op>, .attrs_bytes = std::is_empty_v<typename Op::Attrs> ? 0 : sizeof(typename Op::Attrs)};
  return row;
}

// Runs Op::forward unrecorded and makes its fresh result a node.
template <class Op, class... In>
Tensor apply_op(const typename Op::Attrs& attrs, const In&... inputs) {
  const Tensor* list[] = {&inputs...};
  if (capture::recording())
    return capture::op(list, [attrs](capture::Inputs in) {
      return [&]<std::size_t... K>(std::index_sequence<K...>) { return apply_op<Op>(attrs, *in[K]...); }(std::index_sequence_for<In...>{});
    });
  Tensor z;
  {
    const NoGrad guard;
    z = Op::forward(inputs..., attrs);
  }
  if (detect_anomaly()) check_output(z, Op::info.name, list);
  if (!is_floating(z.dtype())) return z;
  record(z, structural_row<Op>(), list, &attrs);
  return z;
}

}  // namespace trigrad
