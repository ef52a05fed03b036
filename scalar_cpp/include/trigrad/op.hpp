// What an operation is: a plain struct with its facts (`info`), its formula (`forward`) and one rule per input.
//
//   struct Tanh : Unary<Tanh> {
//     static constexpr OpInfo info{.name = "tanh", .formula = "tanh x", .vjp = "g (1 - z²)", .domain = {{{-3, 3}}}, .saves = {Z}};
//     static auto forward(auto x)             { return tanh(x); }
//     static auto gx(auto g, auto, auto z)    { return g * (like(z, 1) - z * z); }
//   };
//
// x, y are inputs, z the output, g the incoming gradient ∂loss/∂z; gx returns ∂loss/∂x. `auto` lets one text serve
// numbers and handles. Attributes (a slope, a bound) are doubles in a nested `Attrs`, named in `info.attrs`, and come
// last in every call. `saves` says, rule by rule, which of x, y, z it reads: only what a wanted rule reads is
// kept alive for backward.
//
// Read before: math.hpp. Read next: ops/arithmetic.hpp, then scalar/node.hpp.
#pragma once

#include <trigrad/math.hpp>
#include <trigrad/mutants.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <string_view>
#include <utility>

namespace trigrad {

// What a rule reads. Bit k: input k; bit 3: the output. Ops have these names from their base.
enum class Saved : unsigned { Nothing = 0, X = 1, Y = 2, Z = 8 };
constexpr Saved operator|(Saved a, Saved b) { return static_cast<Saved>(static_cast<unsigned>(a) | static_cast<unsigned>(b)); }
constexpr bool saves_input(Saved saved, std::size_t k) { return k < 3 && (static_cast<unsigned>(saved) >> k & 1) != 0; }
constexpr bool saves_output(Saved saved) { return (static_cast<unsigned>(saved) & static_cast<unsigned>(Saved::Z)) != 0; }

enum class Gradient {
  Smooth,  // differentiable on all of `domain`
  Kinked,  // differentiable but at `kinks`, where the rule decides
  Zero,    // piecewise constant: the gradient is zero where it exists
  None     // the result is boolean or an index: nothing to differentiate
};

enum class Result { Same, Float, Bool };  // dtype of the result: the inputs'; the inputs' but floating; boolean

struct Range {
  double low = -3, high = 3;
};

constexpr double kTie = std::numeric_limits<double>::infinity();  // as a kink: where the two inputs are equal

struct OpInfo {
  std::string_view name;
  std::string_view formula = "";
  std::string_view vjp = "";
  std::array<Range, 3> domain{};                // where tests draw each input from
  std::array<double, 2> kinks{NAN, NAN};
  std::array<Saved, 3> saves{};                 // by rule: what gx reads, what gy reads, ...
  std::array<std::string_view, 3> inputs{"x", "y"};
  Gradient gradient = Gradient::Smooth;
  Result result = Result::Float;                // integers stay integers only where this is Same
  std::array<bool, 3> passes{};                 // by rule: gx, gy, ... is g itself, which is then handed on, not copied
  bool analytic = true;                         // complex-step differentiation applies
  std::array<std::string_view, 2> attrs{};      // names of the fields of Attrs
  std::array<std::string_view, 16> samples{};   // structural ops: calls that the tests make
};

// What backward may read in all: the union over the rules.
constexpr Saved saved_for(const OpInfo& info) {
  Saved saved = Saved::Nothing;
  for (const Saved by_rule : info.saves) saved = saved | by_rule;
  return saved;
}

struct NoAttrs {};

template <class Op, int Arity>
struct Elementwise {
  using enum Saved;
  static constexpr int arity = Arity;
  using Attrs = NoAttrs;
};
template <class Op>
using Unary = Elementwise<Op, 1>;
template <class Op>
using Binary = Elementwise<Op, 2>;
template <class Op>
using Ternary = Elementwise<Op, 3>;

// Attributes travel as two doubles, so that one node layout serves every op.
using PackedAttrs = std::array<double, 2>;

template <class Op>
constexpr std::size_t attr_count = std::is_empty_v<typename Op::Attrs> ? 0 : sizeof(typename Op::Attrs) / sizeof(double);

// All fields are doubles, and there are no more of them than travel.
template <class Op, class Attrs = typename Op::Attrs>
constexpr bool attrs_fit = attr_count<Op> == 0   ? std::is_empty_v<Attrs>
                           : attr_count<Op> == 1 ? requires { Attrs{0.5}; } && sizeof(Attrs) == sizeof(double)
                                                 : requires { Attrs{0.5, 0.5}; } && sizeof(Attrs) == sizeof(PackedAttrs);

template <class Op>
constexpr PackedAttrs pack(const typename Op::Attrs& attrs) {
  static_assert(attrs_fit<Op>, "attributes of an elementwise op are at most two doubles");
  PackedAttrs packed{};
  if constexpr (attr_count<Op> > 0) {
    const auto fields = std::bit_cast<std::array<double, attr_count<Op>>>(attrs);
    for (std::size_t k = 0; k < attr_count<Op>; ++k) packed[k] = fields[k];
  }
  return packed;
}

template <class Op>
constexpr typename Op::Attrs unpack(const PackedAttrs& packed) {
  if constexpr (attr_count<Op> == 0) {
    return {};
  } else {
    std::array<double, attr_count<Op>> fields{};
    for (std::size_t k = 0; k < attr_count<Op>; ++k) fields[k] = packed[k];
    return std::bit_cast<typename Op::Attrs>(fields);
  }
}

// Calls the formula, with the attributes where the op has some.
template <class Op, class... In>
auto evaluate(const typename Op::Attrs& attrs, In... in) {
  if constexpr (attr_count<Op> == 0) return Op::forward(in...);
  else return Op::forward(in..., attrs);
}

// Calls the rule of input K: gx for the first, gy for the second. A ternary op is `where`-like: its first input is a
// condition without gradient, and gx, gy belong to the two that follow.
template <class Op, int K, class G, class... InOut>
auto right_rule(const typename Op::Attrs& attrs, G g, InOut... in_out) {
  constexpr int which = Op::arity == 3 ? K - 1 : K;
  if constexpr (attr_count<Op> == 0) {
    if constexpr (which == 0) return Op::gx(g, in_out...);
    else return Op::gy(g, in_out...);
  } else {
    if constexpr (which == 0) return Op::gx(g, in_out..., attrs);
    else return Op::gy(g, in_out..., attrs);
  }
}

// What the engines call: the right rule, or in the tests' own build the wrong one that is switched on.
template <class Op, int K, class G, class... InOut>
auto rule(const typename Op::Attrs& attrs, G g, InOut... in_out) {
  if constexpr (kMutants) {
    const auto right = [&]<int I>(G h, std::integral_constant<int, I>) { return right_rule<Op, I>(attrs, h, in_out...); };
    return faulty_rule<Op, K>(right, g, in_out...);
  } else {
    return right_rule<Op, K>(attrs, g, in_out...);
  }
}

template <class Op>
constexpr bool differentiable = Op::info.gradient != Gradient::None;
template <class Op, int K>
constexpr bool has_rule = differentiable<Op> && (Op::arity == 3 ? K == 1 || K == 2 : K < Op::arity);

// An ordered list of ops. Engines, bindings, tests and documentation iterate it; nothing repeats the names.
template <class... Ops>
struct OpList {
  static constexpr std::size_t size = sizeof...(Ops);
  static constexpr void for_each(auto&& visit) { (visit(Ops{}), ...); }
  template <class Op>
  static constexpr bool contains = (std::is_same_v<Op, Ops> || ...);
  template <class Op>
  static constexpr std::size_t index = [] {
    std::size_t k = 0;
    (void)((std::is_same_v<Op, Ops> || (++k, false)) || ...);
    return k;
  }();
};

template <class... Lists>
struct Concat;
template <class List>
struct Concat<List> {
  using type = List;
};
template <class... A, class... B, class... Rest>
struct Concat<OpList<A...>, OpList<B...>, Rest...> : Concat<OpList<A..., B...>, Rest...> {};

}  // namespace trigrad
