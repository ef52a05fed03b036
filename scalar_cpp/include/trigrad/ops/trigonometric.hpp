// Circular and hyperbolic functions and their inverses. One struct per op (see op.hpp), then its function for handles.
#pragma once

#include <trigrad/op.hpp>

namespace trigrad {

struct Sin : Unary<Sin> {
  static constexpr OpInfo info{.name = "sin", .formula = "sin x", .vjp = "g cos x", .saves = {X}};
  static auto forward(auto x) { return sin(x); }
  static auto gx(auto g, auto x, auto /*z*/) { return g * cos(x); }
};

struct Cos : Unary<Cos> {
  static constexpr OpInfo info{.name = "cos", .formula = "cos x", .vjp = "-g sin x", .saves = {X}};
  static auto forward(auto x) { return cos(x); }
  static auto gx(auto g, auto x, auto /*z*/) { return -g * sin(x); }
};

struct Tan : Unary<Tan> {
  static constexpr OpInfo info{.name = "tan", .formula = "tan x", .vjp = "g (1 + z²)", .domain = {{{-1, 1}}}, .saves = {Z}};
  static auto forward(auto x) { return tan(x); }
  static auto gx(auto g, auto /*x*/, auto z) { return g * (like(z, 1) + z * z); }
};

// 1 - x² is written (1 - x)(1 + x): no cancellation near ±1.
struct Asin : Unary<Asin> {
  static constexpr OpInfo info{.name = "asin", .formula = "asin x", .vjp = "g / √(1 - x²)", .domain = {{{-0.9, 0.9}}}, .saves = {X}};
  static auto forward(auto x) { return asin(x); }
  static auto gx(auto g, auto x, auto /*z*/) { return g / sqrt((like(x, 1) - x) * (like(x, 1) + x)); }
};

struct Acos : Unary<Acos> {
  static constexpr OpInfo info{.name = "acos", .formula = "acos x", .vjp = "-g / √(1 - x²)", .domain = {{{-0.9, 0.9}}}, .saves = {X}};
  static auto forward(auto x) { return acos(x); }
  static auto gx(auto g, auto x, auto /*z*/) { return -g / sqrt((like(x, 1) - x) * (like(x, 1) + x)); }
};

struct Atan : Unary<Atan> {
  static constexpr OpInfo info{.name = "atan", .formula = "atan x", .vjp = "g / (1 + x²)", .saves = {X}};
  static auto forward(auto x) { return atan(x); }
  static auto gx(auto g, auto x, auto /*z*/) { return g / (like(x, 1) + x * x); }
};

struct Sinh : Unary<Sinh> {
  static constexpr OpInfo info{.name = "sinh", .formula = "sinh x", .vjp = "g cosh x", .saves = {X}};
  static auto forward(auto x) { return sinh(x); }
  static auto gx(auto g, auto x, auto /*z*/) { return g * cosh(x); }
};

struct Cosh : Unary<Cosh> {
  static constexpr OpInfo info{.name = "cosh", .formula = "cosh x", .vjp = "g sinh x", .saves = {X}};
  static auto forward(auto x) { return cosh(x); }
  static auto gx(auto g, auto x, auto /*z*/) { return g * sinh(x); }
};

struct Tanh : Unary<Tanh> {
  static constexpr OpInfo info{.name = "tanh", .formula = "tanh x", .vjp = "g (1 - z²)", .saves = {Z}};
  static auto forward(auto x) { return tanh(x); }
  static auto gx(auto g, auto /*x*/, auto z) { return g * (like(z, 1) - z * z); }
};

struct Asinh : Unary<Asinh> {
  static constexpr OpInfo info{.name = "asinh", .formula = "asinh x", .vjp = "g / √(x² + 1)", .saves = {X}};
  static auto forward(auto x) { return asinh(x); }
  static auto gx(auto g, auto x, auto /*z*/) { return g / sqrt(x * x + like(x, 1)); }
};

struct Acosh : Unary<Acosh> {
  static constexpr OpInfo info{.name = "acosh", .formula = "acosh x", .vjp = "g / √(x² - 1)", .domain = {{{1.2, 4}}}, .saves = {X}};
  static auto forward(auto x) { return acosh(x); }
  static auto gx(auto g, auto x, auto /*z*/) { return g / sqrt((x - like(x, 1)) * (x + like(x, 1))); }
};

struct Atanh : Unary<Atanh> {
  static constexpr OpInfo info{.name = "atanh", .formula = "atanh x", .vjp = "g / (1 - x²)", .domain = {{{-0.9, 0.9}}}, .saves = {X}};
  static auto forward(auto x) { return atanh(x); }
  static auto gx(auto g, auto x, auto /*z*/) { return g / ((like(x, 1) - x) * (like(x, 1) + x)); }
};

template <Handle H> H sin(const H& x) { return H::template apply<Sin>({}, x); }
template <Handle H> H cos(const H& x) { return H::template apply<Cos>({}, x); }
template <Handle H> H tan(const H& x) { return H::template apply<Tan>({}, x); }
template <Handle H> H asin(const H& x) { return H::template apply<Asin>({}, x); }
template <Handle H> H acos(const H& x) { return H::template apply<Acos>({}, x); }
template <Handle H> H atan(const H& x) { return H::template apply<Atan>({}, x); }
template <Handle H> H sinh(const H& x) { return H::template apply<Sinh>({}, x); }
template <Handle H> H cosh(const H& x) { return H::template apply<Cosh>({}, x); }
template <Handle H> H tanh(const H& x) { return H::template apply<Tanh>({}, x); }
template <Handle H> H asinh(const H& x) { return H::template apply<Asinh>({}, x); }
template <Handle H> H acosh(const H& x) { return H::template apply<Acosh>({}, x); }
template <Handle H> H atanh(const H& x) { return H::template apply<Atanh>({}, x); }

using Trigonometric = OpList<Sin, Cos, Tan, Asin, Acos, Atan, Sinh, Cosh, Tanh, Asinh, Acosh, Atanh>;

}  // namespace trigrad
