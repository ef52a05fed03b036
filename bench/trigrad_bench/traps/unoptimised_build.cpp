// A 2 → 4 → 1 network learns y = 3a − 2b + 0.5, one sample at a time, on a small matrix class: the kind of program whose
// speed depends on the compiler seeing through its abstractions. Prints seconds of processor time and the last loss.
// Read with: unoptimised_build.py, which builds it twice.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <vector>

class Matrix {
 public:
  Matrix(std::size_t rows, std::size_t columns) : columns_(columns), data_(rows * columns) {}
  double& operator()(std::size_t r, std::size_t c) { return data_[r * columns_ + c]; }
  double operator()(std::size_t r, std::size_t c) const { return data_[r * columns_ + c]; }
  std::size_t rows() const { return data_.size() / columns_; }
  std::size_t columns() const { return columns_; }
  std::vector<double>& data() { return data_; }

 private:
  std::size_t columns_;
  std::vector<double> data_;
};

// out = a · b, where either may be read transposed.
template <bool TransposeA, bool TransposeB>
void multiply(const Matrix& a, const Matrix& b, Matrix& out) {
  const std::size_t inner = TransposeA ? a.rows() : a.columns();
  for (std::size_t r = 0; r < out.rows(); ++r)
    for (std::size_t c = 0; c < out.columns(); ++c) {
      double sum = 0;
      for (std::size_t k = 0; k < inner; ++k) sum += (TransposeA ? a(k, r) : a(r, k)) * (TransposeB ? b(c, k) : b(k, c));
      out(r, c) = sum;
    }
}

int main() {
  std::uint32_t state = 1;
  const auto draw = [&state] {
    state = state * 1664525u + 1013904223u;
    return static_cast<double>(state >> 8) / (1 << 23) - 1;
  };
  Matrix w1(2, 4), w2(4, 1), x(1, 2), h(1, 4), y(1, 1), g(1, 1), gw2(4, 1), gh(1, 4), gw1(2, 4);
  for (double& w : w1.data()) w = draw();
  for (double& w : w2.data()) w = draw();
  double loss = 0;
  const std::clock_t start = std::clock();
  for (int step = 0; step < 20000; ++step) {
    x(0, 0) = draw(), x(0, 1) = draw();
    multiply<false, false>(x, w1, h);
    for (double& v : h.data()) v = std::max(v, 0.0);
    multiply<false, false>(h, w2, y);
    const double error = y(0, 0) - (3 * x(0, 0) - 2 * x(0, 1) + 0.5);
    loss = error * error;
    g(0, 0) = 2 * error;
    multiply<true, false>(h, g, gw2);
    multiply<false, true>(g, w2, gh);
    for (std::size_t k = 0; k < 4; ++k) gh(0, k) = h(0, k) > 0 ? gh(0, k) : 0;
    multiply<true, false>(x, gh, gw1);
    for (std::size_t k = 0; k < 8; ++k) w1.data()[k] -= 0.01 * gw1.data()[k];
    for (std::size_t k = 0; k < 4; ++k) w2.data()[k] -= 0.01 * gw2.data()[k];
  }
  const double spent = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  std::printf("%.9f %.17g\n", spent, loss);
}
