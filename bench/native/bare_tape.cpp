// native.bare_tape: the least that a tape of scalars can do, as a limit for scalar_cpp. Nobody should use it.
//
// It writes the same nodes and has them swept by the same function, but asks nothing when it writes: not whose the
// operands are (one of another thread would be some number of this one), not whether any of them is a variable (a
// constant's id is 0, and what flows there is never read), not whether there is room (there is, for all that
// ScalarProgram lets through). What scalar_cpp takes longer is the price of its questions.
//
// Read before: scalar.cpp, trigrad/scalar/sweep.hpp.
#include "styles.hpp"

#include <cmath>
#include <trigrad/scalar/buffer.hpp>
#include <trigrad/scalar/sweep.hpp>

namespace {
using trigrad::Node, trigrad::op_code;
using Id = trigrad::NodeId;

constexpr Id kFirst = 2;                             // so that `a + 1 == id` never holds for "nothing"
constexpr std::size_t kRoom = std::size_t{1} << 26;  // nodes; memory that nobody writes to costs nothing
Node* node = nullptr;
Id size = kFirst;

struct Value {
  double data = 0;
  Id id = 0;

  Value() = default;
  Value(double constant) : data(constant) {}
  Value(double result, Id a, double da, Id b = 0, double db = 0, Id c = 0, trigrad::OpCode op = trigrad::kForeignOp)
      : data(result), id(size) {
    trigrad::write_node(&node[size], a, b, c, op, da, db);
    ++size;
  }
  static Value sum_of(Value x, Value y) {
    Value z = x.data + y.data;
    z.id = size;
    trigrad::write_parents(&node[size], y.id, 0, x.id, op_code<trigrad::Add>);
    ++size;
    return z;
  }
};

inline Value mul_add(Value w, Value x, Value c) { return {w.data * x.data + c.data, w.id, x.data, x.id, w.data, c.id, trigrad::kMulAdd}; }
inline Value operator+(Value x, Value y) { return Value::sum_of(x, y); }
inline Value operator-(Value x, Value y) { return {x.data - y.data, y.id, -1, 0, 0, x.id}; }
inline Value operator-(Value x) { return {-x.data, x.id, -1}; }
inline Value operator*(Value x, Value y) { return {x.data * y.data, x.id, y.data, y.id, x.data, 0, op_code<trigrad::Mul>}; }
inline Value operator/(Value x, Value y) { return {x.data / y.data, x.id, 1 / y.data, y.id, -x.data / (y.data * y.data)}; }
inline Value& operator+=(Value& x, Value y) { return x = x + y; }
inline Value& operator-=(Value& x, Value y) { return x = x - y; }
inline Value& operator*=(Value& x, Value y) { return x = x * y; }
inline Value relu(Value x) { return {x.data > 0 ? x.data : 0, x.id, x.data > 0 ? 1.0 : 0.0}; }
inline Value log(Value x) { return {std::log(x.data), x.id, 1 / x.data}; }
inline Value pow(Value x, double n) { return {std::pow(x.data, n), x.id, n * std::pow(x.data, n - 1)}; }
inline Value exp(Value x) {
  const double z = std::exp(x.data);
  return {z, x.id, z};
}
inline Value tanh(Value x) {
  const double z = std::tanh(x.data);
  return {z, x.id, 1 - z * z};
}
inline Value sqrt(Value x) {
  const double z = std::sqrt(x.data);
  return {z, x.id, 0.5 / z};
}

class BareTape {
 public:
  using Number = Value;

  explicit BareTape(std::size_t count) : variables_(count) {
    node_.resize(kRoom);
    adjoint_.resize(kRoom);
    node = node_.data();
  }

  std::span<const Value> start(std::span<const double> values) {
    size = kFirst;
    for (Value& variable : variables_) {
      variable.data = values[size - kFirst];
      variable.id = size++;
    }
    return variables_;
  }
  double finish(Value loss) {
    loss_ = loss;
    return loss.data;
  }
  void reverse(std::span<double> gradient) {
    double* const adjoint = adjoint_.data();
    std::fill(adjoint, adjoint + size, 0.0);
    adjoint[loss_.id] = 1;
    trigrad::sweep_nodes(node, nullptr, adjoint, kFirst + variables_.size(), loss_.id, [](std::size_t) { return true; });
    std::copy(adjoint + kFirst, adjoint + kFirst + gradient.size(), gradient.begin());
  }

  static void affine(std::span<const Value> w, auto x, Value bias, Value& z) {
    for (std::size_t k = 0; k < w.size(); ++k) bias = ::mul_add(w[k], x[k], bias);
    z = bias;
  }
  static void mul_add(Value w, Value x, Value& z) { z = ::mul_add(w, x, z); }
  static void scale_add(Value& z, Value a, Value b) { z = ::mul_add(z, a, b); }
  static void relu(Value& z) { z = ::relu(z); }
  static void relu_node(Value& z) { relu(z); }
  static double value(Value z) { return z.data; }

  native::json counts() const {
    const std::size_t nodes = size - kFirst - variables_.size();
    return {{"nodes", nodes}, {"allocations", 0}, {"bytes_allocated", 0}, {"peak_live_bytes", nodes * (sizeof(Node) + sizeof(double))}};
  }
  static native::json info() { return {{"name", "native.bare_tape"}, {"version", TRIGRAD_VERSION}}; }

 private:
  trigrad::Buffer<Node> node_;
  trigrad::Buffer<double> adjoint_;
  std::vector<Value> variables_;
  Value loss_;
};
}  // namespace

int main(int count, char** words) { return native::serve_style<BareTape>(count, words); }
