// native.scalar_cpp: trigrad's scalar tape, driven by the harness.
//
// Every step rewinds the tape, so that memory is kept and nothing is freed, and registers its variables, whose
// gradients therefore start at zero.
#include "styles.hpp"

#include <trigrad/scalar.hpp>

namespace {
using trigrad::Value;

class TrigradTape {
 public:
  using Number = Value;

  explicit TrigradTape(std::size_t count) : variables_(count) {}
  ~TrigradTape() { trigrad::tape().rewind(empty_); }
  TrigradTape(const TrigradTape&) = delete;
  TrigradTape& operator=(const TrigradTape&) = delete;

  std::span<const Value> start(std::span<const double> values) {
    trigrad::tape().rewind(empty_);
    trigrad::leaves(values, variables_);
    return variables_;
  }
  double finish(Value loss) {
    loss_ = loss;
    return loss.data;
  }
  void reverse(std::span<double> gradient) {
    loss_.backward();
    if (gradient.empty()) return;
    std::ranges::copy(trigrad::tape().adjoints(variables_[0].id(), gradient.size()), gradient.begin());
  }

  static void affine(std::span<const Value> w, auto x, Value bias, Value& z) { z = trigrad::dot(w, x, bias); }
  static void mul_add(Value w, Value x, Value& z) { z = trigrad::mul_add(w, x, z); }
  static void scale_add(Value& z, Value a, Value b) { z = trigrad::mul_add(z, a, b); }
  static void relu(Value& z) { z = trigrad::relu(z); }
  static void relu_node(Value& z) { relu(z); }
  static double value(Value z) { return z.data; }

  native::json counts() const {
    const trigrad::Tape::Mark now = trigrad::tape().mark();
    const std::size_t nodes = now.size - empty_.size - variables_.size(), terms = now.terms - empty_.terms;
    const std::size_t bytes = nodes * (sizeof(trigrad::Node) + sizeof(double)) + terms * sizeof(trigrad::Term);
    return {{"nodes", nodes}, {"allocations", 0}, {"bytes_allocated", 0}, {"peak_live_bytes", bytes}};
  }
  static native::json info() { return {{"name", "native.scalar_cpp"}, {"version", TRIGRAD_VERSION}}; }

 private:
  trigrad::Tape::Mark empty_ = trigrad::tape().mark();
  std::vector<Value> variables_;
  Value loss_;
};
}  // namespace

int main(int count, char** words) { return native::serve_style<TrigradTape>(count, words); }
