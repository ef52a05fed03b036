// expect: 'gy' is not a member of 'HalfRule'
// A binary op needs a rule for each of its inputs.
#include <trigrad/scalar.hpp>

struct HalfRule : trigrad::Binary<HalfRule> {
  static constexpr trigrad::OpInfo info{.name = "half_rule"};
  static auto forward(auto x, auto y) { return x * y; }
  static auto gx(auto g, auto /*x*/, auto y, auto /*z*/) { return g * y; }
};

int main() { trigrad::Value::apply<HalfRule>({}, trigrad::leaf(1.0), trigrad::leaf(2.0)); }
