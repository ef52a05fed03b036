// expect: 'gx' is not a member of 'NoRule'
// An op that is differentiable (the default of `info`) but has no rule must not compile when it is used.
#include <trigrad/scalar.hpp>

struct NoRule : trigrad::Unary<NoRule> {
  static constexpr trigrad::OpInfo info{.name = "no_rule"};
  static auto forward(auto x) { return x; }
};

int main() { trigrad::Value::apply<NoRule>({}, trigrad::leaf(1.0)); }
