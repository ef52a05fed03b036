// The vocabulary that every formula of the op list is written in: exp, log, where, like, ...
//
// A formula such as `1 / (1 + exp(-x))` must mean the same for a double (scalar tape, plain loops of the tensor
// engine) and for a handle (a Value or a Tensor, where the call is recorded). Here are the overloads for numbers; a
// handle's overloads stand beside each op (ops/*.hpp) and are found by argument-dependent lookup, because everything
// lives in one namespace. The overloads are constrained templates on purpose: ::exp(double) then stays the better
// match for a user who writes `using namespace trigrad`.
//
// Read next: op.hpp (what an op is), then ops/arithmetic.hpp.
#pragma once

#include <trigrad/vector_math.hpp>

#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace trigrad {

template <class T>
concept Number = std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, std::int64_t>;

// A handle stands for a recorded value. It offers `H::apply<Op>(attrs, inputs...)`, which evaluates and records Op.
template <class T>
concept Handle = requires { typename T::is_handle; };

// H again, for a parameter to which numbers convert: x + 1. Of what is no handle there is none, and so no operator of ours;
// Clang asks that before it asks for the constraint.
template <class H>
using Also = std::enable_if_t<Handle<H>, H>;

// like(x, c): the constant c in the type of x, so that a float formula never widens to double.
template <Number T>
constexpr T like(T /*x*/, double c) {
  if constexpr (std::integral<T>) {  // the nearest there is: clamp's open side is infinite, and such a cast means nothing
    if (c >= 0x1p63) return std::numeric_limits<T>::max();
    if (c < -0x1p63) return std::numeric_limits<T>::min();
  }
  return static_cast<T>(c);
}
template <Number T>
constexpr T zeros_of(T /*x*/) {
  return T{0};
}

// where evaluates both branches: loops over it vectorise. Rules must therefore guard the argument of the branch not taken.
template <Number T>
constexpr T where(bool condition, T x, T y) {
  return condition ? x : y;
}
constexpr bool where(bool condition, bool x, bool y) { return condition ? x : y; }
template <Number T>
constexpr T where(T condition, T x, T y) {
  return condition != T{0} ? x : y;
}

auto exp(Number auto x) { return std::exp(x); }
auto expm1(Number auto x) { return std::expm1(x); }
auto log(Number auto x) { return std::log(x); }
auto log1p(Number auto x) { return std::log1p(x); }
auto log2(Number auto x) { return std::log2(x); }
auto log10(Number auto x) { return std::log10(x); }
auto sqrt(Number auto x) { return std::sqrt(x); }
auto sin(Number auto x) { return std::sin(x); }
auto cos(Number auto x) { return std::cos(x); }
auto tan(Number auto x) { return std::tan(x); }
auto asin(Number auto x) { return std::asin(x); }
auto acos(Number auto x) { return std::acos(x); }
auto atan(Number auto x) { return std::atan(x); }
auto sinh(Number auto x) { return std::sinh(x); }
auto cosh(Number auto x) { return std::cosh(x); }
auto tanh(Number auto x) { return std::tanh(x); }
auto asinh(Number auto x) { return std::asinh(x); }
auto acosh(Number auto x) { return std::acosh(x); }
auto atanh(Number auto x) { return std::atanh(x); }
auto erf(Number auto x) { return std::erf(x); }
auto sigmoid(Number auto x) { return like(x, 1) / (like(x, 1) + exp(-x)); }

template <Number T>
T abs(T x) {
  return std::abs(x);
}
template <Number T>
T pow(T x, T y) {
  if constexpr (std::integral<T>) {  // by squaring, since a double has 53 bits; negative powers are refused before
    std::uint64_t z = 1, square = static_cast<std::uint64_t>(x);
    for (auto n = static_cast<std::uint64_t>(y); n != 0; n >>= 1, square *= square)
      if (n & 1) z *= square;
    return static_cast<T>(z);
  } else {
    return std::pow(x, y);
  }
}

// Rounding is the identity on integers; round goes to even on ties, as NumPy and PyTorch do.
template <Number T>
T floor(T x) {
  if constexpr (std::integral<T>) return x;
  else return std::floor(x);
}
template <Number T>
T ceil(T x) {
  if constexpr (std::integral<T>) return x;
  else return std::ceil(x);
}
template <Number T>
T round(T x) {
  if constexpr (std::integral<T>) return x;
  else return std::nearbyint(x);
}

template <Number T>
T sign(T x) {
  return where(x > T{0}, T{1}, where(x < T{0}, T{-1}, T{0}));
}  // of NaN: 0, as in PyTorch

constexpr bool isnan(Number auto x) { return x != x; }
constexpr bool isfinite(Number auto x) { return x - x == zeros_of(x); }

constexpr bool logical_and(bool x, bool y) { return x & y; }

}  // namespace trigrad
