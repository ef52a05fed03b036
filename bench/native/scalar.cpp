// native.scalar_cpp: trigrad's scalar tape, driven by the harness.
//
// The idiom is that of scalar_cpp/examples: variables live on the tape for good, and every step rewinds to the mark
// behind them, so that memory is kept and nothing is freed.
#include "runner.hpp"
#include "scalar_program.hpp"

#include <trigrad/scalar.hpp>

namespace {
using trigrad::Value;

class TrigradTape {
 public:
  using Number = Value;

  explicit TrigradTape(std::size_t count) : before_(trigrad::tape().mark()) {
    for (std::size_t k = 0; k < count; ++k) variables_.push_back(trigrad::leaf(0.0));
    after_ = trigrad::tape().mark();
  }
  ~TrigradTape() { trigrad::tape().rewind(before_); }
  TrigradTape(const TrigradTape&) = delete;
  TrigradTape& operator=(const TrigradTape&) = delete;

  std::span<const Value> start(std::span<const double> values) {
    trigrad::tape().rewind(after_);
    for (std::size_t k = 0; k < values.size(); ++k) variables_[k].data = values[k];
    return variables_;
  }
  double finish(Value loss) {
    loss_ = loss;
    return loss.data;
  }
  void reverse(std::span<double> gradient) {
    for (Value& v : variables_) v.set_grad(0.0);
    loss_.backward();
    for (std::size_t k = 0; k < gradient.size(); ++k) gradient[k] = variables_[k].grad();
  }

  static void affine(std::span<const Value> w, auto x, Value bias, Value& z) { z = trigrad::dot(w, x, bias); }
  static void mul_add(Value w, Value x, Value& z) { z = trigrad::mul_add(w, x, z); }
  static void relu(Value& z) { z = trigrad::relu(z); }
  static double value(Value z) { return z.data; }

  native::json counts() const {
    const trigrad::Tape::Mark now = trigrad::tape().mark();
    const std::size_t nodes = now.size - after_.size, terms = now.terms - after_.terms;
    const std::size_t bytes = nodes * (sizeof(trigrad::Node) + sizeof(double)) + terms * sizeof(trigrad::Term);
    return {{"nodes", nodes}, {"allocations", 0}, {"bytes_allocated", 0}, {"peak_live_bytes", bytes}};
  }
  static native::json info() { return {{"name", "native.scalar_cpp"}, {"version", TRIGRAD_VERSION}}; }

 private:
  trigrad::Tape::Mark before_, after_;
  std::vector<Value> variables_;
  Value loss_;
};
}  // namespace

int main() {
  native::Runner<native::ScalarProgram<TrigradTape>> engine;
  return native::serve(engine);
}
