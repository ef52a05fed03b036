// native.cppad: CppAD, driven by the harness. As everywhere else, each step records its own graph: control flow may
// depend on the data. (CppAD can also replay a recording; then the graph may not change.)
//
// What its manual advises for speed is done: memory is held between recordings, comparisons are not recorded.
#include "styles.hpp"

#include <cppad/cppad.hpp>

namespace {
using Value = CppAD::AD<double>;

class CppAdTape {
 public:
  using Number = Value;

  explicit CppAdTape(std::size_t count) : variables_(count), point_(count), loss_(1), one_(1, 1.0) {
    CppAD::thread_alloc::hold_memory(true);
  }
  ~CppAdTape() { Value::abort_recording(); }
  CppAdTape(const CppAdTape&) = delete;
  CppAdTape& operator=(const CppAdTape&) = delete;

  std::span<const Value> start(std::span<const double> values) {
    Value::abort_recording();  // of a step that failed half way
    for (std::size_t k = 0; k < values.size(); ++k) variables_[k] = point_[k] = values[k];
    CppAD::Independent(variables_, /*abort_op_index=*/0, /*record_compare=*/false);
    return variables_;
  }
  double finish(const Value& loss) {
    loss_[0] = loss;
    function_.Dependent(variables_, loss_);
    return function_.Forward(0, point_)[0];
  }
  void reverse(std::span<double> gradient) {
    const std::vector<double> found = function_.Reverse(1, one_);
    std::copy(found.begin(), found.end(), gradient.begin());
  }

  template <class X>
  static void affine(std::span<const Value> w, std::span<const X> x, const Value& bias, Value& z) {
    z = bias;
    for (std::size_t k = 0; k < w.size(); ++k) z += w[k] * x[k];
  }
  static void mul_add(const Value& w, const Value& x, Value& z) { z += w * x; }
  static void scale_add(Value& z, const Value& a, const Value& b) { z = z * a + b; }
  static void relu(Value& z) {
    if (z <= 0) z = 0.0;
  }
  static void relu_node(Value& z) { z = CppAD::CondExpGt(z, Value(0.0), z, Value(0.0)); }
  static double value(const Value& z) { return CppAD::Value(CppAD::Var2Par(z)); }

  native::json counts() const {
    return {{"nodes", function_.size_op()}, {"peak_live_bytes", function_.size_op_seq() + function_.size_var() * 2 * sizeof(double)}};
  }
  static native::json info() { return {{"name", "native.cppad"}, {"version", CPPAD_PACKAGE_STRING}}; }

 private:
  std::vector<Value> variables_;
  std::vector<double> point_;
  std::vector<Value> loss_;
  std::vector<double> one_;
  CppAD::ADFun<double> function_;
};

void raise(bool /*known*/, int line, const char* file, const char* /*condition*/, const char* text) {
  throw std::runtime_error(std::string("CppAD: ") + text + " (" + file + ":" + std::to_string(line) + ")");
}
}  // namespace

int main(int count, char** words) {
  const CppAD::ErrorHandler errors(raise);
  return native::serve_style<CppAdTape>(count, words);
}
