// Comparisons and tests: boolean results, no gradient. One struct per op (see op.hpp), then its function for handles.
#pragma once

#include <trigrad/op.hpp>

namespace trigrad {

constexpr OpInfo comparison(std::string_view name, std::string_view formula) {
  return {.name = name, .formula = formula, .kinks = {kTie, NAN}, .gradient = Gradient::None, .result = Result::Bool,
          .analytic = false};
}

struct Eq : Binary<Eq> {
  static constexpr OpInfo info = comparison("eq", "x = y");
  static auto forward(auto x, auto y) { return x == y; }
};
struct Ne : Binary<Ne> {
  static constexpr OpInfo info = comparison("ne", "x ≠ y");
  static auto forward(auto x, auto y) { return x != y; }
};
struct Lt : Binary<Lt> {
  static constexpr OpInfo info = comparison("lt", "x < y");
  static auto forward(auto x, auto y) { return x < y; }
};
struct Le : Binary<Le> {
  static constexpr OpInfo info = comparison("le", "x ≤ y");
  static auto forward(auto x, auto y) { return x <= y; }
};
struct Gt : Binary<Gt> {
  static constexpr OpInfo info = comparison("gt", "x > y");
  static auto forward(auto x, auto y) { return x > y; }
};
struct Ge : Binary<Ge> {
  static constexpr OpInfo info = comparison("ge", "x ≥ y");
  static auto forward(auto x, auto y) { return x >= y; }
};
struct LogicalAnd : Binary<LogicalAnd> {
  static constexpr OpInfo info = comparison("logical_and", "x ≠ 0 and y ≠ 0");
  static auto forward(auto x, auto y) { return logical_and(x != like(x, 0), y != like(y, 0)); }
};
struct LogicalOr : Binary<LogicalOr> {
  static constexpr OpInfo info = comparison("logical_or", "x ≠ 0 or y ≠ 0");
  static auto forward(auto x, auto y) { return where(x != like(x, 0), true, y != like(y, 0)); }
};
struct LogicalNot : Unary<LogicalNot> {
  static constexpr OpInfo info = comparison("logical_not", "x = 0");
  static auto forward(auto x) { return x == like(x, 0); }
};
struct IsNan : Unary<IsNan> {
  static constexpr OpInfo info = comparison("isnan", "x is NaN");
  static auto forward(auto x) { return isnan(x); }
};
struct IsFinite : Unary<IsFinite> {
  static constexpr OpInfo info = comparison("isfinite", "x is finite");
  static auto forward(auto x) { return isfinite(x); }
};

template <Handle H> H operator==(const H& x, const Also<H>& y) { return H::template apply<Eq>({}, x, y); }
template <Handle H> H operator!=(const H& x, const Also<H>& y) { return H::template apply<Ne>({}, x, y); }
template <Handle H> H operator<(const H& x, const Also<H>& y) { return H::template apply<Lt>({}, x, y); }
template <Handle H> H operator<=(const H& x, const Also<H>& y) { return H::template apply<Le>({}, x, y); }
template <Handle H> H operator>(const H& x, const Also<H>& y) { return H::template apply<Gt>({}, x, y); }
template <Handle H> H operator>=(const H& x, const Also<H>& y) { return H::template apply<Ge>({}, x, y); }
template <Handle H> H logical_and(const H& x, const Also<H>& y) { return H::template apply<LogicalAnd>({}, x, y); }
template <Handle H> H logical_or(const H& x, const Also<H>& y) { return H::template apply<LogicalOr>({}, x, y); }
template <Handle H> H logical_not(const H& x) { return H::template apply<LogicalNot>({}, x); }
template <Handle H> H isnan(const H& x) { return H::template apply<IsNan>({}, x); }
template <Handle H> H isfinite(const H& x) { return H::template apply<IsFinite>({}, x); }

using Comparisons = OpList<Eq, Ne, Lt, Le, Gt, Ge, LogicalAnd, LogicalOr, LogicalNot, IsNan, IsFinite>;

}  // namespace trigrad
