// Exponentials, logarithms and roots. One struct per op (see op.hpp), then its function for handles.
#pragma once

#include <trigrad/op.hpp>

#include <numbers>

namespace trigrad {

struct Exp : Unary<Exp> {
  static constexpr OpInfo info{.name = "exp", .formula = "e^x", .vjp = "g z", .saves = {Z}};
  static auto forward(auto x) { return exp(x); }
  static auto gx(auto g, auto /*x*/, auto z) { return g * z; }
};

struct Expm1 : Unary<Expm1> {
  static constexpr OpInfo info{.name = "expm1", .formula = "e^x - 1", .vjp = "g (z + 1)", .saves = {Z}};
  static auto forward(auto x) { return expm1(x); }
  static auto gx(auto g, auto /*x*/, auto z) { return g * (z + like(z, 1)); }
};

struct Log : Unary<Log> {
  static constexpr OpInfo info{.name = "log", .formula = "ln x", .vjp = "g / x", .domain = {{{0.2, 4}}}, .saves = {X}};
  static auto forward(auto x) { return log(x); }
  static auto gx(auto g, auto x, auto /*z*/) { return g / x; }
};

struct Log1p : Unary<Log1p> {
  static constexpr OpInfo info{.name = "log1p", .formula = "ln(1 + x)", .vjp = "g / (1 + x)", .domain = {{{-0.8, 3}}}, .saves = {X}};
  static auto forward(auto x) { return log1p(x); }
  static auto gx(auto g, auto x, auto /*z*/) { return g / (x + like(x, 1)); }
};

struct Log2 : Unary<Log2> {
  static constexpr OpInfo info{.name = "log2", .formula = "log2 x", .vjp = "g / (x ln 2)", .domain = {{{0.2, 4}}}, .saves = {X}};
  static auto forward(auto x) { return log2(x); }
  static auto gx(auto g, auto x, auto /*z*/) { return g / (x * like(x, std::numbers::ln2)); }
};

struct Log10 : Unary<Log10> {
  static constexpr OpInfo info{.name = "log10", .formula = "log10 x", .vjp = "g / (x ln 10)", .domain = {{{0.2, 4}}}, .saves = {X}};
  static auto forward(auto x) { return log10(x); }
  static auto gx(auto g, auto x, auto /*z*/) { return g / (x * like(x, std::numbers::ln10)); }
};

struct Sqrt : Unary<Sqrt> {
  static constexpr OpInfo info{.name = "sqrt", .formula = "√x", .vjp = "g / (2 z)", .domain = {{{0.2, 4}}}, .saves = {Z}};
  static auto forward(auto x) { return sqrt(x); }
  static auto gx(auto g, auto /*x*/, auto z) { return g / (like(z, 2) * z); }
};

struct Rsqrt : Unary<Rsqrt> {
  static constexpr OpInfo info{.name = "rsqrt", .formula = "1 / √x", .vjp = "-g z³ / 2", .domain = {{{0.2, 4}}}, .saves = {Z}};
  static auto forward(auto x) { return like(x, 1) / sqrt(x); }
  static auto gx(auto g, auto /*x*/, auto z) { return like(z, -0.5) * g * (z * z * z); }
};

template <Handle H> H exp(const H& x) { return H::template apply<Exp>({}, x); }
template <Handle H> H expm1(const H& x) { return H::template apply<Expm1>({}, x); }
template <Handle H> H log(const H& x) { return H::template apply<Log>({}, x); }
template <Handle H> H log1p(const H& x) { return H::template apply<Log1p>({}, x); }
template <Handle H> H log2(const H& x) { return H::template apply<Log2>({}, x); }
template <Handle H> H log10(const H& x) { return H::template apply<Log10>({}, x); }
template <Handle H> H sqrt(const H& x) { return H::template apply<Sqrt>({}, x); }
template <Handle H> H rsqrt(const H& x) { return H::template apply<Rsqrt>({}, x); }

using Exponential = OpList<Exp, Expm1, Log, Log1p, Log2, Log10, Sqrt, Rsqrt>;

}  // namespace trigrad
