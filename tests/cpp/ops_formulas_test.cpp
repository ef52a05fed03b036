// Every formula and rule of the elementwise list means the same for a float, a double and a handle.
//
// One text serves them all, but overload resolution is subtle: a call in a formula may widen a float to double, or
// compile for numbers and not for handles. So every op is instantiated here for each of them, and the answers are compared.
// A handle is tried twice: as the smallest type that satisfies the concept, and as the real Tensor.

#include "tensor_testing.hpp"

#include <trigrad/elementwise.hpp>
#include <trigrad/tensor/op_table.hpp>

#include <cmath>
#include <set>

namespace trigrad {

// The smallest handle: it holds a double and evaluates at once. In this namespace, as argument-dependent lookup demands.
struct Traced {
  using is_handle = void;
  double value;
  Traced(double v) : value(v) {}
  template <class Op, class... In>
  static Traced apply(const typename Op::Attrs& attrs, const In&... in) {
    return static_cast<double>(evaluate<Op>(attrs, in.value...));
  }
};
inline Traced like(Traced, double constant) { return constant; }
inline Traced zeros_of(Traced) { return 0.0; }

namespace {

template <class Op>
using AttrsOf = typename Op::Attrs;

// Places within the domain of input k, away from kinks and ties.
template <class Op>
double sample(std::size_t k, int which) {
  const Range range = Op::info.domain[k];
  const double fractions[] = {0.07, 0.31, 0.59, 0.83, 0.97};
  const double shift = 0.041 * static_cast<double>(k);
  return range.low + (range.high - range.low) * (fractions[(which + 2 * static_cast<int>(k)) % 5] - shift);
}

template <class Op, class T, class F>
auto with_inputs(int which, F&& f) {
  const auto in = [&](std::size_t k) { return T(sample<Op>(k, which)); };
  if constexpr (Op::arity == 1) return f(in(0));
  else if constexpr (Op::arity == 2) return f(in(0), in(1));
  else return f(T(which % 2 ? 1.0 : 0.0), in(1), in(2));
}

template <class Op, class T, class F>
void with_rules(int which, F&& f) {  // f(K, the rule's result)
  with_inputs<Op, T>(which, [&](auto... in) {
    const AttrsOf<Op> attrs{};
    const T z = evaluate<Op>(attrs, in...);
    const auto ask = [&]<int K>() {
      if constexpr (has_rule<Op, K>) f(K, rule<Op, K>(attrs, T(0.75), in..., z));
    };
    ask.template operator()<0>();
    ask.template operator()<1>();
    ask.template operator()<2>();
  });
}

// Expectations are no templates: written inside for_each_op, they would be compiled anew for every op.
void expect_near(double found, double expected, double tolerance, const std::string& what = "value") {
  EXPECT_NEAR(found, expected, tolerance * (1 + std::abs(expected))) << what;
}
void expect_near(const std::vector<double>& found, const std::vector<double>& expected, double tolerance) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t k = 0; k < found.size(); ++k) expect_near(found[k], expected[k], tolerance, "rule " + std::to_string(k));
}

template <class Op, class T>
std::vector<double> rules_of(int which) {
  std::vector<double> rules;
  with_rules<Op, T>(which, [&](int, T g) {
    if constexpr (Handle<T>) rules.push_back(g.value);
    else rules.push_back(static_cast<double>(g));
  });
  return rules;
}

::testing::ScopedTrace named(std::string_view op) { return {__FILE__, __LINE__, std::string(op)}; }

template <class F>
void for_each_op(F&& f) {
  ElementwiseOps::for_each([&]<class Op>(Op) {
    const auto trace = named(Op::info.name);
    f.template operator()<Op>();
  });
}

// What the formula gives for numbers of type T: T itself or a truth value, never a wider type.
template <class Op, class T>
constexpr bool keeps_type = [] {
  using Z = decltype(with_inputs<Op, T>(0, [](auto... in) { return evaluate<Op>(AttrsOf<Op>{}, in...); }));
  return std::is_same_v<Z, T> || std::is_same_v<Z, bool>;
}();

TEST(OpsFormulas, FloatsAreNeverWidened) {
  for_each_op([]<class Op>() {
    static_assert(keeps_type<Op, float> && keeps_type<Op, double>);
    if constexpr (Op::info.result != Result::Float) static_assert(keeps_type<Op, std::int64_t>);
    with_rules<Op, float>(0, [](int, auto g) { static_assert(std::is_same_v<decltype(g), float>); });
    with_rules<Op, double>(0, [](int, auto g) { static_assert(std::is_same_v<decltype(g), double>); });
  });
}

TEST(OpsFormulas, FloatAgreesWithDouble) {
  for_each_op([]<class Op>() {
    for (int which = 0; which < 5; ++which) {
      const auto value = [&]<class T>(T) {
        return with_inputs<Op, T>(which, [](auto... in) { return static_cast<double>(evaluate<Op>(AttrsOf<Op>{}, in...)); });
      };
      expect_near(value(float{}), value(double{}), 2e-5);
      expect_near(rules_of<Op, float>(which), rules_of<Op, double>(which), 2e-4);
    }
  });
}

TEST(OpsFormulas, RulesAreTheSlopesOfFormulas) {
  for_each_op([]<class Op>() {
    for (int which = 0; which < 5; ++which)
      with_rules<Op, double>(which, [&](int k, double g) {
        const auto at = [&](double h) {
          return with_inputs<Op, double>(which, [&](auto... in) {
            int next = 0;
            const auto moved = [&](double x) { return next++ == k ? x + h : x; };
            const std::array<double, sizeof...(in)> list{moved(in)...};
            return std::apply([](auto... x) { return static_cast<double>(evaluate<Op>(AttrsOf<Op>{}, x...)); }, list);
          });
        };
        const double slope = 0.75 * (8 * (at(1e-3) - at(-1e-3)) - (at(2e-3) - at(-2e-3))) / 12e-3;
        expect_near(g, slope, 1e-7, "rule " + std::to_string(k) + ", place " + std::to_string(which));
      });
  });
}

TEST(OpsFormulas, AHandleGivesTheSameBitsAsANumber) {
  for_each_op([]<class Op>() {
    for (int which = 0; which < 5; ++which) {
      const double number =
          with_inputs<Op, double>(which, [](auto... x) { return static_cast<double>(evaluate<Op>(AttrsOf<Op>{}, x...)); });
      const Traced handle = with_inputs<Op, Traced>(which, [](auto... x) { return Traced::apply<Op>(AttrsOf<Op>{}, x...); });
      expect_near(handle.value, number, 0);
      if constexpr (differentiable<Op>)  // a formula that is differentiated compiles for handles, too
        expect_near(rules_of<Op, Traced>(which), rules_of<Op, double>(which), 0);
    }
  });
}

// The tensor engine's loops (vector functions) and its recorded rules, against the plain formula. `first` is the first
// input that has a gradient; none has where `rules` is empty.
void expect_tensor_agrees(const NamedRow& listed, const std::vector<double>& x, std::size_t first, double plain,
                          const std::vector<double>& rules) {
  std::vector<Tensor> in;
  for (const double number : x) in.push_back(tensor({number}, {}, DType::Float64));
  std::vector<const Tensor*> list;
  for (std::size_t k = 0; k < in.size(); ++k) {
    if (!rules.empty() && k >= first) in[k].set_requires_grad();
    list.push_back(&in[k]);
  }
  const Tensor z = apply_elementwise(listed.row(), listed.defaults, list);
  expect_near(z.item(), plain, 1e-14);
  EXPECT_EQ(z.requires_grad(), !rules.empty());
  if (rules.empty()) return;
  const Tensor g = tensor({0.75}, {}, DType::Float64);
  for (const bool create_graph : {false, true}) {  // the loops of the rule, then the rule on handles
    SCOPED_TRACE(create_graph ? "create_graph" : "without create_graph");
    const auto got = gradients({&z, 1}, std::span(in).subspan(first), {&g, 1}, {.retain_graph = true, .create_graph = create_graph}, false);
    std::vector<double> found;
    for (const Tensor& gradient : got) found.push_back(gradient.item());
    expect_near(found, rules, 1e-13);
  }
}

TEST(OpsFormulas, ATensorGivesTheSameNumbers) {
  std::size_t index = 0;
  for_each_op([&]<class Op>() {
    const auto& listed = elementwise_rows()[index++];
    ASSERT_EQ(listed.row().info->name, Op::info.name);
    for (int which = 0; which < 5; ++which)
      with_inputs<Op, double>(which, [&](auto... x) {
        const double plain = static_cast<double>(evaluate<Op>(AttrsOf<Op>{}, x...));
        const std::vector<double> rules = differentiable<Op> ? rules_of<Op, double>(which) : std::vector<double>();
        expect_tensor_agrees(listed, {x...}, Op::arity == 3 ? 1 : 0, plain, rules);
      });
  });
}

TEST(OpsFormulas, AttributesSurvivePacking) {
  for_each_op([]<class Op>() {
    constexpr std::size_t count = attr_count<Op>;
    const PackedAttrs packed{-0.0, 1e-310};
    const PackedAttrs again = pack<Op>(unpack<Op>(packed));
    for (std::size_t k = 0; k < again.size(); ++k)
      EXPECT_EQ(std::bit_cast<std::uint64_t>(again[k]), k < count ? std::bit_cast<std::uint64_t>(packed[k]) : 0u);
    for (std::size_t k = 0; k < Op::info.attrs.size(); ++k)
      EXPECT_EQ(k < count, !Op::info.attrs[k].empty()) << "the record names every attribute, and no other";
  });
}

TEST(OpsFormulas, NamesAreUniqueAndRecordsComplete) {
  std::set<std::string_view> names;
  for_each_op([&]<class Op>() {
    EXPECT_TRUE(names.insert(Op::info.name).second) << "two ops of one name";
    EXPECT_FALSE(Op::info.formula.empty());
    EXPECT_EQ(Op::info.vjp.empty(), !differentiable<Op>) << "a rule is described where there is one";
    for (const Saved saved : Op::info.saves) EXPECT_TRUE(differentiable<Op> || saved == Saved::Nothing);
  });
  EXPECT_EQ(names.size(), ElementwiseOps::size);
  EXPECT_EQ(elementwise_rows().size(), ElementwiseOps::size);
}

}  // namespace
}  // namespace trigrad
