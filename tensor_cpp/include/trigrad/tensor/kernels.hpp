// From a formula to loops. Include this to give your own elementwise struct a row (custom ops); the list's rows are
// made in src/rows_*.cpp.
//
// Every loop over a formula runs over blocks of 16 numbers, so that the compiler emits whole vectors and nothing else: no
// remainder, no alignment prologue. The driver (src/elementwise.cpp) feeds it and pads the last block. A number's result
// therefore never depends on where in memory, or where in the array, it stands.
//
// Shapes here: x, y, w, g, z are n contiguous numbers of type T, n a multiple of kLanes.
#pragma once

#include <trigrad/tensor/tensor.hpp>

#include <algorithm>

// One version of each loop per instruction set in the same binary, chosen at load time; `flatten` because a formula that
// stays a call is not vectorised. Sets are named, not processors: "arch=haswell" would run on that model and on no other.
// Where the compiler has no such thing the plain loop is compiled for the baseline.
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__gnu_linux__) && !defined(__SANITIZE_THREAD__) && \
    !defined(TRIGRAD_MUTANTS)
#define TRIGRAD_WIDEST "avx512f"
#define TRIGRAD_WIDE "avx2"
#define TRIGRAD_CLONES __attribute__((flatten, target_clones(TRIGRAD_WIDEST, TRIGRAD_WIDE, "default")))
#else
#define TRIGRAD_CLONES
#endif

// What the compiler must know of a loop over kLanes: the output overlaps no input, so no scalar version is wanted for the
// case that it does; and first it is made of vectors, two to eight of them, whose steps may then stand one behind the other
// (unrolling all sixteen before would hide the loop from the vectoriser).
#if defined(__GNUC__) && !defined(__clang__)
#define TRIGRAD_LANES_LOOP _Pragma("GCC unroll 8") _Pragma("GCC ivdep")
#else
#define TRIGRAD_LANES_LOOP
#endif

namespace trigrad {

// step(i) for i in [0, n), for any n, the last ones number by number: only for steps that round alike wherever they stand
// (+, ·, /, √; no exp). To be called inside of TRIGRAD_CLONES.
void for_lanes(std::size_t n, auto step) {
  const std::size_t whole = n - n % kLanes;
  for (std::size_t i = 0; i < whole; i += kLanes) TRIGRAD_LANES_LOOP for (std::size_t k = 0; k < kLanes; ++k) step(i + k);
  for (std::size_t i = whole; i < n; ++i) step(i);
}

template <class Op, class T>
TRIGRAD_CLONES void forward_block(const PackedAttrs& packed, const void* const* in, void* out, std::size_t n) {
  const auto attrs = unpack<Op>(packed);
  const T* __restrict x = static_cast<const T*>(in[0]);
  const T* __restrict y = Op::arity > 1 ? static_cast<const T*>(in[1]) : x;
  const T* __restrict w = Op::arity > 2 ? static_cast<const T*>(in[2]) : x;
  T* __restrict z = static_cast<T*>(out);
  for (std::size_t i = 0; i < n; i += kLanes) TRIGRAD_LANES_LOOP for (std::size_t k = 0; k < kLanes; ++k) {
      const std::size_t j = i + k;
      if constexpr (Op::arity == 1) z[j] = static_cast<T>(evaluate<Op>(attrs, x[j]));
      else if constexpr (Op::arity == 2) z[j] = static_cast<T>(evaluate<Op>(attrs, x[j], y[j]));
      else z[j] = static_cast<T>(evaluate<Op>(attrs, x[j], y[j], w[j]));
    }
}

template <class Op, int K, class T>
TRIGRAD_CLONES void rule_block(const PackedAttrs& packed, const void* const* in, void* out, std::size_t n) {
  const auto attrs = unpack<Op>(packed);
  const T* __restrict g = static_cast<const T*>(in[0]);
  const T* __restrict x = static_cast<const T*>(in[1]);
  const T* __restrict y = Op::arity > 1 ? static_cast<const T*>(in[2]) : x;
  const T* __restrict w = Op::arity > 2 ? static_cast<const T*>(in[3]) : x;
  const T* __restrict z = static_cast<const T*>(in[Op::arity + 1]);
  T* __restrict gx = static_cast<T*>(out);
  for (std::size_t i = 0; i < n; i += kLanes) TRIGRAD_LANES_LOOP for (std::size_t k = 0; k < kLanes; ++k) {
      const std::size_t j = i + k;
      if constexpr (Op::arity == 1) gx[j] = rule<Op, K>(attrs, g[j], x[j], z[j]);
      else if constexpr (Op::arity == 2) gx[j] = rule<Op, K>(attrs, g[j], x[j], y[j], z[j]);
      else gx[j] = rule<Op, K>(attrs, g[j], x[j], y[j], w[j], z[j]);
    }
}

template <class Op, int K>
Tensor recorded_rule(const PackedAttrs& packed, const Tensor& g, const Tensor* in, const Tensor& z) {
  const auto attrs = unpack<Op>(packed);
  if constexpr (Op::arity == 1) return rule<Op, K>(attrs, g, in[0], z);
  else if constexpr (Op::arity == 2) return rule<Op, K>(attrs, g, in[0], in[1], z);
  else return rule<Op, K>(attrs, g, in[0], in[1], in[2], z);
}

template <class Op>
constexpr Kernels make_kernels() {
  Kernels kernels;
  kernels.forward[ComputeFloat] = forward_block<Op, float>;
  kernels.forward[ComputeDouble] = forward_block<Op, double>;
  if constexpr (Op::info.result != Result::Float) kernels.forward[ComputeInt] = forward_block<Op, std::int64_t>;
  const auto add_rule = [&]<int K>() {
    if constexpr (has_rule<Op, K>) {
      kernels.rule[K][0] = rule_block<Op, K, float>;
      kernels.rule[K][1] = rule_block<Op, K, double>;
      kernels.recorded_rule[K] = recorded_rule<Op, K>;
    }
  };
  add_rule.template operator()<0>();
  add_rule.template operator()<1>();
  add_rule.template operator()<2>();
  return kernels;
}

// to (kLanes) = from (n, 1 to kLanes), then its last number again: a whole block that has no numbers of its own making
template <class T>
void pad(const T* from, std::size_t n, T* to) {
  std::fill_n(to, kLanes, from[n - 1]);
  for (std::size_t k = 0; k + 1 < n; ++k) to[k] = from[k];
}

void elementwise_vjp(Cell& node, const Tensor& g, Tensor* gradients);

template <class Op>
constexpr bool hands_on = [] {
  bool all = !kMutants;  // a fault may be planted in the rules
  for (std::size_t k = 0; k < Op::arity; ++k) all &= Op::info.passes[k];
  return all;
}();

template <class Op>
const OpRow& row_of() {
  static const Kernels kernels = make_kernels<Op>();
  static const OpRow row{.info = &Op::info,
                         .arity = Op::arity,
                         .vjp = differentiable<Op> ? elementwise_vjp : nullptr,
                         .hands_on = hands_on<Op>,
                         .attrs_bytes = std::is_same_v<typename Op::Attrs, NoAttrs> ? 0 : sizeof(PackedAttrs),
                         .kernels = &kernels};
  return row;
}

}  // namespace trigrad
