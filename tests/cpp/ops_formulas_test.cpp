// Every formula and rule of the elementwise list means the same for a float, a double and a handle.
//
// One text serves them all, but overload resolution is subtle: a call in a formula may widen a float to double, or
// compile for numbers and not for handles. So every op is instantiated here for each of them, and the answers are compared.
// A handle is tried twice: as the smallest type that satisfies the concept, and as the real Tensor.

#include "tensor_testing.hpp"

#include <trigrad/elementwise.hpp>
#include <trigrad/tensor/op_table.hpp>

#include <bit>
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

double number(double x) { return x; }
double number(Traced x) { return x.value; }

template <class Op>
constexpr std::make_index_sequence<Op::arity> kInputs;

// The formula of an op for numbers of type T, and its rules for g = 0.75. Neither gives a wider type. What is not
// differentiated need not compile for handles, which apply it to their numbers.
template <class Op, class T, std::size_t... K>
auto formula(const double* x, std::index_sequence<K...>) {
  if constexpr (Handle<T> && !differentiable<Op>) {
    return T::template apply<Op>({}, T(x[K])...);
  } else {
    const auto z = evaluate<Op>({}, T(x[K])...);
    static_assert(std::is_same_v<decltype(z), const T> || std::is_same_v<decltype(z), const bool>);
    return z;
  }
}
template <class Op, class T, std::size_t... K>
std::vector<double> rules(const double* x, std::index_sequence<K...> inputs) {
  std::vector<double> found;
  const T z = formula<Op, T>(x, inputs);
  const auto add = [&]<int Input>() {
    if constexpr (has_rule<Op, Input>) {
      const auto g = rule<Op, Input>({}, T(0.75), T(x[K])..., z);
      static_assert(std::is_same_v<decltype(g), const T>);
      found.push_back(number(g));
    }
  };
  (add.template operator()<K>(), ...);
  return found;
}

// What the tests need of an op, as plain functions: written over types, each test would be compiled anew for every op.
struct OnType {
  double (*value)(const double* x);
  std::vector<double> (*rules)(const double* x);  // of the inputs from Formulas::first() on
};
struct Formulas {
  const OpInfo* info;
  std::size_t index, arity, attributes;
  OnType on_float, on_double, on_handle;
  PackedAttrs (*repacked)(const PackedAttrs& packed);

  bool has_rules() const { return info->gradient != Gradient::None; }
  std::size_t first() const { return arity == 3 ? 1 : 0; }  // behind a condition

  // Places within the domain, away from kinks and ties.
  std::vector<double> sample(int which) const {
    const double fractions[] = {0.07, 0.31, 0.59, 0.83, 0.97};
    std::vector<double> x;
    for (std::size_t k = 0; k < arity; ++k) {
      const auto [low, high] = info->domain[k];
      x.push_back(low + (high - low) * (fractions[(which + 2 * static_cast<int>(k)) % 5] - 0.041 * static_cast<double>(k)));
    }
    if (arity == 3) x[0] = which % 2;  // a condition
    return x;
  }
};

template <class Op, class T>
OnType on_type() {
  OnType made{[](const double* x) { return number(formula<Op, T>(x, kInputs<Op>)); }, nullptr};
  if constexpr (differentiable<Op>) made.rules = [](const double* x) { return rules<Op, T>(x, kInputs<Op>); };
  return made;
}
template <class Op>
Formulas formulas_of() {
  if constexpr (Op::info.result != Result::Float) static_assert(sizeof(formula<Op, std::int64_t>(nullptr, kInputs<Op>)) <= 8);
  return {.info = &Op::info,
          .index = ElementwiseOps::index<Op>,
          .arity = Op::arity,
          .attributes = attr_count<Op>,
          .on_float = on_type<Op, float>(),
          .on_double = on_type<Op, double>(),
          .on_handle = on_type<Op, Traced>(),
          .repacked = [](const PackedAttrs& packed) { return pack<Op>(unpack<Op>(packed)); }};
}

void for_each_op(const std::function<void(const Formulas&)>& check) {
  ElementwiseOps::for_each([&]<class Op>(Op) {
    const Formulas op = formulas_of<Op>();
    const ::testing::ScopedTrace trace(__FILE__, __LINE__, std::string(op.info->name));
    check(op);
  });
}
void at_each_place(const std::function<void(const Formulas& op, const std::vector<double>& x)>& check) {
  for_each_op([&](const Formulas& op) {
    for (int which = 0; which < 5; ++which) {
      SCOPED_TRACE("place " + std::to_string(which));
      check(op, op.sample(which));
    }
  });
}

using testing::expect_near;
void expect_near(double found, double expected, double tolerance) { expect_near(std::vector{found}, std::vector{expected}, tolerance); }

TEST(OpsFormulas, FloatAgreesWithDouble) {
  at_each_place([](const Formulas& op, const std::vector<double>& x) {
    expect_near(op.on_float.value(x.data()), op.on_double.value(x.data()), 2e-5);
    if (op.has_rules()) expect_near(op.on_float.rules(x.data()), op.on_double.rules(x.data()), 2e-4);
  });
}

TEST(OpsFormulas, RulesAreTheSlopesOfFormulas) {
  at_each_place([](const Formulas& op, const std::vector<double>& x) {
    if (!op.has_rules()) return;
    std::vector<double> slopes;
    for (std::size_t k = op.first(); k < op.arity; ++k) {
      const auto at = [&](double h) {
        std::vector<double> moved = x;
        moved[k] += h;
        return op.on_double.value(moved.data());
      };
      slopes.push_back(0.75 * (8 * (at(1e-3) - at(-1e-3)) - (at(2e-3) - at(-2e-3))) / 12e-3);
    }
    expect_near(op.on_double.rules(x.data()), slopes, 1e-7);
  });
}

TEST(OpsFormulas, AHandleGivesTheSameBitsAsANumber) {
  at_each_place([](const Formulas& op, const std::vector<double>& x) {
    expect_near(op.on_handle.value(x.data()), op.on_double.value(x.data()), 0);
    if (op.has_rules()) expect_near(op.on_handle.rules(x.data()), op.on_double.rules(x.data()), 0);
  });
}

// The tensor engine's loops (vector functions) and its recorded rules, against the plain formula.
TEST(OpsFormulas, ATensorGivesTheSameNumbers) {
  at_each_place([](const Formulas& op, const std::vector<double>& x) {
    const NamedRow& named = elementwise_rows()[op.index];
    ASSERT_EQ(named.row().info->name, op.info->name);
    std::vector<Tensor> in;
    for (const double number : x) in.push_back(tensor({number}, {}, DType::Float64));
    std::vector<const Tensor*> list;
    for (std::size_t k = 0; k < in.size(); ++k) {
      if (op.has_rules() && k >= op.first()) in[k].set_requires_grad();
      list.push_back(&in[k]);
    }
    const Tensor z = apply_elementwise(named.row(), named.defaults, list);
    expect_near(z.item(), op.on_double.value(x.data()), 1e-14);
    EXPECT_EQ(z.requires_grad(), op.has_rules());
    if (!op.has_rules()) return;
    const Tensor g = tensor({0.75}, {}, DType::Float64);
    for (const bool create_graph : {false, true}) {  // the loops of the rule, then the rule on handles
      SCOPED_TRACE(create_graph ? "create_graph" : "without create_graph");
      const auto got =
          gradients({&z, 1}, std::span(in).subspan(op.first()), {&g, 1}, {.retain_graph = true, .create_graph = create_graph}, false);
      std::vector<double> found;
      for (const Tensor& gradient : got) found.push_back(gradient.item());
      expect_near(found, op.on_double.rules(x.data()), 1e-13);
    }
  });
}

TEST(OpsFormulas, AttributesSurvivePacking) {
  for_each_op([](const Formulas& op) {
    const PackedAttrs packed{-0.0, 1e-310};
    const PackedAttrs again = op.repacked(packed);
    for (std::size_t k = 0; k < again.size(); ++k)
      EXPECT_EQ(std::bit_cast<std::uint64_t>(again[k]), k < op.attributes ? std::bit_cast<std::uint64_t>(packed[k]) : 0u);
    for (std::size_t k = 0; k < op.info->attrs.size(); ++k)
      EXPECT_EQ(k < op.attributes, !op.info->attrs[k].empty()) << "the record names every attribute, and no other";
  });
}

TEST(OpsFormulas, NamesAreUniqueAndRecordsComplete) {
  std::set<std::string_view> names;
  for_each_op([&](const Formulas& op) {
    EXPECT_TRUE(names.insert(op.info->name).second) << "two ops of one name";
    EXPECT_FALSE(op.info->formula.empty());
    EXPECT_EQ(op.info->vjp.empty(), !op.has_rules()) << "a rule is described where there is one";
    for (const Saved saved : op.info->saves) EXPECT_TRUE(op.has_rules() || saved == Saved::Nothing);
  });
  EXPECT_EQ(names.size(), ElementwiseOps::size);
  EXPECT_EQ(elementwise_rows().size(), ElementwiseOps::size);
}

}  // namespace
}  // namespace trigrad
