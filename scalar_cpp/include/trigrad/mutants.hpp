// Planted faults, so that the tests can be tested: tests/mutants switches them on one at a time, and each must make a
// test fail. They exist only in the build with TRIGRAD_MUTANTS; in every other one `mutant(...)` is a constant false,
// evaluated by the compiler, and neither switch nor name gets into a library.
//
// A fault with a name of its own stands where it acts: `if (mutant("softmax.without_sum")) return z * g;`. Faults of whole
// families are made here, from names with four parts: `rule.OP.INPUT.FAULT` spoils one rule of an elementwise op, in
// both engines; `node.OP.INPUT.FAULT` one gradient that a node of the tensor engine passes on.
#pragma once

#include <string_view>

#ifdef TRIGRAD_MUTANTS
#include <trigrad/math.hpp>

#include <cstdlib>
#include <string>
#include <tuple>
#include <type_traits>
#endif

namespace trigrad {

#ifdef TRIGRAD_MUTANTS

constexpr bool kMutants = true;

struct ActiveMutant {
  std::string name, family, op, fault;  // the last three for names with four parts
  int input = -1;
  unsigned long long reached = 0;  // how often the fault took effect: 0 says that no test goes there

  void set(std::string_view chosen) {
    *this = {};
    name = chosen;
    std::string parts[4];
    std::size_t count = 0;
    for (const char c : name) {
      if (c == '.' && ++count == 4) return;
      if (c != '.') parts[count] += c;
    }
    if (count != 3) return;
    family = parts[0], op = parts[1], fault = parts[3];
    input = std::atoi(parts[2].c_str());
  }
};

inline ActiveMutant& active_mutant() {
  static ActiveMutant active = [] {
    ActiveMutant first;
    if (const char* name = std::getenv("TRIGRAD_MUTANT")) first.set(name);  // for GoogleTest
    return first;
  }();
  return active;
}

inline bool mutant(std::string_view name) {
  ActiveMutant& active = active_mutant();
  if (active.name != name) return false;
  ++active.reached;
  return true;
}

inline bool mutant_of(std::string_view family, std::string_view op, int input) {
  ActiveMutant& active = active_mutant();
  if (active.family != family || active.input != input || active.op != op) return false;
  ++active.reached;
  return true;
}

// The faults that suit any gradient r made from g, a number or a handle.
template <class R>
R spoiled(const R& r, const R& g) {
  const std::string& fault = active_mutant().fault;
  if (fault == "negated") return -r;
  if (fault == "doubled") return r + r;
  if (fault == "dropped") return zeros_of(r);
  if (fault == "near") return r * like(r, 1.001);
  if (fault == "added") return r + g;
  return r;
}

// rule<Op, K> as the active fault has it. `right(g, k)` is the right rule of input k.
template <class Op, int K, class Right, class G, class X, class... Rest>
G faulty_rule(Right right, G g, X x, Rest... rest) {
  const auto k = std::integral_constant<int, K>{};
  const G r = right(g, k);
  if (!mutant_of("rule", Op::info.name, K)) return r;
  const std::string& fault = active_mutant().fault;
  if (fault == "upstream") return right(zeros_of(g) + like(g, 1), k);  // as if the incoming gradient were 1
  if constexpr (Op::arity > 1) {
    constexpr int first = Op::arity - 2;
    if (fault == "swapped") return right(g, std::integral_constant<int, 2 * first + 1 - K>{});
  }
  if constexpr (Op::info.kinks[0] == Op::info.kinks[0]) {
    if (fault == "kink") {
      if constexpr (Op::arity == 1) return where(x == like(x, Op::info.kinks[0]), r + g, r);
      else return where(x == std::get<0>(std::tie(rest...)), r + g, r);  // the kink is the tie
    }
  }
  return spoiled(r, g);
}

#else

constexpr bool kMutants = false;
consteval bool mutant(std::string_view /*name*/) { return false; }

#endif

}  // namespace trigrad
