// Arithmetic, and the functions that pick or round. One struct per op (see op.hpp), then its function for handles.
#pragma once

#include <trigrad/op.hpp>

namespace trigrad {

struct Add : Binary<Add> {
  static constexpr OpInfo info{.name = "add", .formula = "x + y", .vjp = "g, g", .result = Result::Same, .passes = {true, true}};
  static auto forward(auto x, auto y) { return x + y; }
  static auto gx(auto g, auto /*x*/, auto /*y*/, auto /*z*/) { return g; }
  static auto gy(auto g, auto /*x*/, auto /*y*/, auto /*z*/) { return g; }
};

struct Sub : Binary<Sub> {
  static constexpr OpInfo info{.name = "sub", .formula = "x - y", .vjp = "g, -g", .result = Result::Same, .passes = {true}};
  static auto forward(auto x, auto y) { return x - y; }
  static auto gx(auto g, auto /*x*/, auto /*y*/, auto /*z*/) { return g; }
  static auto gy(auto g, auto /*x*/, auto /*y*/, auto /*z*/) { return -g; }
};

struct Mul : Binary<Mul> {
  static constexpr OpInfo info{.name = "mul", .formula = "x y", .vjp = "g y, g x", .saves = {Y, X}, .result = Result::Same};
  static auto forward(auto x, auto y) { return x * y; }
  static auto gx(auto g, auto /*x*/, auto y, auto /*z*/) { return g * y; }
  static auto gy(auto g, auto x, auto /*y*/, auto /*z*/) { return g * x; }
};

struct Div : Binary<Div> {
  static constexpr OpInfo info{.name = "div", .formula = "x / y", .vjp = "g / y, -g (x / y) / y",
                               .domain = {{{-3, 3}, {0.5, 3}}}, .saves = {Y, X | Y}};
  static auto forward(auto x, auto y) { return x / y; }
  static auto gx(auto g, auto /*x*/, auto y, auto /*z*/) { return g / y; }
  static auto gy(auto g, auto x, auto y, auto /*z*/) { return -g * ((x / y) / y); }
};

struct Neg : Unary<Neg> {
  static constexpr OpInfo info{.name = "neg", .formula = "-x", .vjp = "-g", .result = Result::Same};
  static auto forward(auto x) { return -x; }
  static auto gx(auto g, auto /*x*/, auto /*z*/) { return -g; }
};

// By y, 0 to a power y >= 0 is flat, though log 0 is not finite; by x, 0 to the power 0 is flat, though 0 / 0 is not.
// Both arguments are guarded (not only the results), or second derivatives would meet 0 · inf.
struct Pow : Binary<Pow> {
  static constexpr OpInfo info{.name = "pow", .formula = "x^y", .vjp = "g y x^(y-1), g z log x",
                               .domain = {{{0.3, 3}, {-3, 3}}}, .saves = {X | Y, X | Y | Z}, .result = Result::Same};
  static auto forward(auto x, auto y) { return pow(x, y); }
  static auto gx(auto g, auto x, auto y, auto /*z*/) {
    const auto flat = y == like(y, 0);
    const auto slope = y * pow(where(flat, like(x, 1), x), y - like(y, 1));
    return g * where(flat, zeros_of(slope), slope);
  }
  static auto gy(auto g, auto x, auto y, auto z) {
    const auto flat = logical_and(x == like(x, 0), y >= like(y, 0));
    const auto slope = z * log(where(flat, like(x, 1), x));
    return g * where(flat, zeros_of(slope), slope);
  }
};

struct Square : Unary<Square> {
  static constexpr OpInfo info{.name = "square", .formula = "x²", .vjp = "2 g x", .saves = {X}, .result = Result::Same};
  static auto forward(auto x) { return x * x; }
  static auto gx(auto g, auto x, auto /*z*/) { return g * (like(x, 2) * x); }
};

struct Reciprocal : Unary<Reciprocal> {
  static constexpr OpInfo info{.name = "reciprocal", .formula = "1 / x", .vjp = "-g z²", .domain = {{{0.2, 4}}}, .saves = {Z}};
  static auto forward(auto x) { return like(x, 1) / x; }
  static auto gx(auto g, auto /*x*/, auto z) { return -g * (z * z); }
};

struct Abs : Unary<Abs> {
  static constexpr OpInfo info{.name = "abs", .formula = "|x|", .vjp = "g sign x", .kinks = {0, NAN}, .saves = {X},
                               .gradient = Gradient::Kinked, .result = Result::Same, .analytic = false};
  static auto forward(auto x) { return abs(x); }
  static auto gx(auto g, auto x, auto /*z*/) { return g * sign(x); }
};

struct Sign : Unary<Sign> {
  static constexpr OpInfo info{.name = "sign", .formula = "sign x", .vjp = "0", .kinks = {0, NAN},
                               .gradient = Gradient::Zero, .result = Result::Same, .analytic = false};
  static auto forward(auto x) { return sign(x); }
  static auto gx(auto g, auto /*x*/, auto /*z*/) { return zeros_of(g); }
};

struct Floor : Unary<Floor> {
  static constexpr OpInfo info{.name = "floor", .formula = "⌊x⌋", .vjp = "0", .gradient = Gradient::Zero,
                               .result = Result::Same, .analytic = false};
  static auto forward(auto x) { return floor(x); }
  static auto gx(auto g, auto /*x*/, auto /*z*/) { return zeros_of(g); }
};

struct Ceil : Unary<Ceil> {
  static constexpr OpInfo info{.name = "ceil", .formula = "⌈x⌉", .vjp = "0", .gradient = Gradient::Zero,
                               .result = Result::Same, .analytic = false};
  static auto forward(auto x) { return ceil(x); }
  static auto gx(auto g, auto /*x*/, auto /*z*/) { return zeros_of(g); }
};

struct Round : Unary<Round> {
  static constexpr OpInfo info{.name = "round", .formula = "x to the nearest integer, ties to even", .vjp = "0",
                               .gradient = Gradient::Zero, .result = Result::Same, .analytic = false};
  static auto forward(auto x) { return round(x); }
  static auto gx(auto g, auto /*x*/, auto /*z*/) { return zeros_of(g); }
};

// NaN passes through, as in PyTorch: both comparisons are false for it.
struct Clamp : Unary<Clamp> {
  struct Attrs {
    double min = -std::numeric_limits<double>::infinity(), max = std::numeric_limits<double>::infinity();
  };
  static constexpr OpInfo info{.name = "clamp", .formula = "min(max(x, lo), hi)", .vjp = "lo <= x <= hi ? g : 0",
                               .saves = {X}, .gradient = Gradient::Kinked, .result = Result::Same, .analytic = false,
                               .attrs = {"min", "max"}};
  static auto forward(auto x, const Attrs& at) {
    const auto raised = where(x < like(x, at.min), like(x, at.min), x);
    return where(raised > like(x, at.max), like(x, at.max), raised);
  }
  static auto gx(auto g, auto x, auto /*z*/, const Attrs& at) {
    return where(logical_and(x >= like(x, at.min), x <= like(x, at.max)), g, zeros_of(g));
  }
};

// Ties share the gradient equally; NaN in either input gives NaN.
struct Maximum : Binary<Maximum> {
  static constexpr OpInfo info{.name = "maximum", .formula = "max(x, y)", .vjp = "g to the larger, g/2 to each at a tie",
                               .kinks = {kTie, NAN}, .saves = {X | Y, X | Y}, .gradient = Gradient::Kinked,
                               .result = Result::Same, .analytic = false};
  static auto forward(auto x, auto y) { return where(x != x, x, where(x > y, x, y)); }
  static auto gx(auto g, auto x, auto y, auto /*z*/) {
    return where(x < y, zeros_of(g), where(x == y, g * like(g, 0.5), g));
  }
  static auto gy(auto g, auto x, auto y, auto /*z*/) {
    return where(y < x, zeros_of(g), where(x == y, g * like(g, 0.5), g));
  }
};

struct Minimum : Binary<Minimum> {
  static constexpr OpInfo info{.name = "minimum", .formula = "min(x, y)", .vjp = "g to the smaller, g/2 to each at a tie",
                               .kinks = {kTie, NAN}, .saves = {X | Y, X | Y}, .gradient = Gradient::Kinked,
                               .result = Result::Same, .analytic = false};
  static auto forward(auto x, auto y) { return where(x != x, x, where(x < y, x, y)); }
  static auto gx(auto g, auto x, auto y, auto /*z*/) {
    return where(x > y, zeros_of(g), where(x == y, g * like(g, 0.5), g));
  }
  static auto gy(auto g, auto x, auto y, auto /*z*/) {
    return where(y > x, zeros_of(g), where(x == y, g * like(g, 0.5), g));
  }
};

struct Where : Ternary<Where> {
  static constexpr OpInfo info{.name = "where", .formula = "c ? x : y", .vjp = "c ? g : 0, c ? 0 : g", .saves = {Nothing, X, X}, .inputs = {"condition", "x", "y"},
                               .result = Result::Same};
  static auto forward(auto c, auto x, auto y) { return where(c, x, y); }
  static auto gx(auto g, auto c, auto /*x*/, auto /*y*/, auto /*z*/) { return where(c, g, zeros_of(g)); }
  static auto gy(auto g, auto c, auto /*x*/, auto /*y*/, auto /*z*/) { return where(c, zeros_of(g), g); }
};

template <Handle H> [[gnu::always_inline]] inline H operator+(const H& x, const Also<H>& y) { return H::template apply<Add>({}, x, y); }
template <Handle H> [[gnu::always_inline]] inline H operator-(const H& x, const Also<H>& y) { return H::template apply<Sub>({}, x, y); }
template <Handle H> [[gnu::always_inline]] inline H operator*(const H& x, const Also<H>& y) { return H::template apply<Mul>({}, x, y); }
template <Handle H> [[gnu::always_inline]] inline H operator/(const H& x, const Also<H>& y) { return H::template apply<Div>({}, x, y); }
template <Handle H> H operator+(double x, const H& y) { return like(y, x) + y; }
template <Handle H> H operator-(double x, const H& y) { return like(y, x) - y; }
template <Handle H> H operator*(double x, const H& y) { return like(y, x) * y; }
template <Handle H> H operator/(double x, const H& y) { return like(y, x) / y; }
template <Handle H> H operator-(const H& x) { return H::template apply<Neg>({}, x); }
template <Handle H> H pow(const H& x, const Also<H>& y) { return H::template apply<Pow>({}, x, y); }
template <Handle H> H square(const H& x) { return H::template apply<Square>({}, x); }
template <Handle H> H reciprocal(const H& x) { return H::template apply<Reciprocal>({}, x); }
template <Handle H> H abs(const H& x) { return H::template apply<Abs>({}, x); }
template <Handle H> H sign(const H& x) { return H::template apply<Sign>({}, x); }
template <Handle H> H floor(const H& x) { return H::template apply<Floor>({}, x); }
template <Handle H> H ceil(const H& x) { return H::template apply<Ceil>({}, x); }
template <Handle H> H round(const H& x) { return H::template apply<Round>({}, x); }
template <Handle H> H clamp(const H& x, Clamp::Attrs at) { return H::template apply<Clamp>(at, x); }
template <Handle H> H maximum(const H& x, const Also<H>& y) { return H::template apply<Maximum>({}, x, y); }
template <Handle H> H minimum(const H& x, const Also<H>& y) { return H::template apply<Minimum>({}, x, y); }
template <Handle H> H where(const H& c, const Also<H>& x, const Also<H>& y) { return H::template apply<Where>({}, c, x, y); }

using Arithmetic = OpList<Add, Sub, Mul, Div, Neg, Pow, Square, Reciprocal, Abs, Sign, Floor, Ceil, Round, Clamp, Maximum, Minimum, Where>;

}  // namespace trigrad
