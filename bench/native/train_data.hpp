// Rows and starting weights of the training programs, the same numbers as `trigrad train_*` for the same seed.
//
// Why it exists: a program without Python must train the same network. Everything drawn comes from Philox, in the order
// of bench/trigrad_bench/arrays.py; real data come from files that `trigrad export_data` writes.
// Read next: train.hpp.
#pragma once

#include <trigrad/tensor/random.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace train {

struct DataError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// n rows of `width` numbers with their targets: a side (-1, 1), a class, or a number.
struct Rows {
  std::size_t width = 0;
  std::vector<double> x, y;

  std::size_t size() const { return y.size(); }
  const double* row(std::size_t k) const { return x.data() + k * width; }
  Rows picked(const std::vector<std::size_t>& rows) const;
  void resize(std::size_t rows);
};

struct Split {
  Rows train, validation;
};

// One of a seed's independent streams, numbered as in arrays.py.
class Draw {
 public:
  enum Stream : std::uint64_t { Data, Parameters, Order };
  Draw(std::uint32_t seed, Stream stream) : generator_(key(seed, stream)) {}
  static std::uint64_t key(std::uint32_t seed, Stream stream) { return seed + (std::uint64_t{stream} << 32); }

  std::vector<double> uniform(double low, double high, std::size_t n);
  std::vector<double> normal(std::size_t n);  // sums of twelve uniforms less six
  std::vector<std::size_t> permutation(std::size_t n);

 private:
  std::vector<std::uint32_t> words(std::size_t n);
  trigrad::Generator generator_;
};

Rows moons(std::size_t n, double noise, Draw& draw);
Rows linear(std::size_t n, Draw& draw);  // y = 3 x1 - 2 x2 + 0.5
Rows digits(const std::string& csv);     // 64 grey values from 0 to 16, then the label
Rows mnist(const std::string& folder, const std::string& part);  // part: "train" or "t10k"; IDX files

Split split_tail(const Rows& rows);                // the last fifth validates
Split split_random(const Rows& rows, Draw& draw);  // a fifth, drawn

// Weight (out, in), then bias, layer by layer, rounded to float32 so that both dtypes start alike.
// init: he_out, he_in, torch, xavier, uniform; biases are drawn as weights are if `draw_bias`, else 0.
std::vector<std::vector<double>> starting_weights(const std::vector<std::size_t>& layers, const std::string& init, bool draw_bias,
                                                  std::uint32_t seed);

}  // namespace train
