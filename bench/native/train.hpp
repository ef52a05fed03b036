// What the training programs share: options, epochs, lines of progress. Each program states its job and calls run().
//
//   train::Job job{.name = "train_mlp", .about = "...", .layers = {2, 16, 16, 1}, ...};
//   return train::run(job, count, arguments);
//
// Why it exists: `trigrad train_mlp` and its like as programs without Python, printing the same numbers.
// Read before: train_data.hpp. Read next: train_tensor.cpp and train_scalar.cpp (one step), train_mlp.cpp.
#pragma once

#include "train_data.hpp"

#include <functional>
#include <memory>

namespace train {

enum class Loss { Hinge, Nll, Mse };

struct Options {
  std::string engine = "tensor", order = "tape", dtype = "float32", init = "he_out", schedule = "constant", split = "tail";
  std::string model{}, data{};  // empty: the program has no such option
  std::size_t epochs = 1, length = 0, batch_size = 0;  // batch_size 0: all rows at once
  std::uint32_t seed = 0;
  double lr = 0.01, momentum = 0;
  bool shuffle = false, quiet = false;
};

struct Job {
  std::string name, about;
  std::vector<std::size_t> layers;
  Loss loss = Loss::Hinge;
  double l2 = 0;           // times Σp² is added to the printed loss, without a gradient, as pycrograd does
  bool draw_bias = true;
  Options defaults;
  std::function<Split(const Options&)> data;
  std::function<void(Job&, Options&, bool lr_given)> settle = nullptr;  // after the command line is read
};

// Sums over the rows of a pass.
struct Figures {
  double loss = 0;
  std::size_t right = 0, rows = 0;
};

class Learner {
 public:
  virtual ~Learner() = default;
  virtual Figures epoch(const std::function<double()>& next_rate) = 0;  // trains on every row once
  virtual Figures look(const Rows& rows) = 0;
};

using Weights = std::vector<std::vector<double>>;
std::unique_ptr<Learner> tensor_learner(const Job& job, const Options& options, const Rows& rows, const Weights& weights);
std::unique_ptr<Learner> scalar_learner(const Job& job, const Options& options, const Rows& rows, const Weights& weights);

// The exit status: 0 done, 1 the loss was no number, 2 wrong usage or no data.
int run(Job job, int count, char** arguments);

}  // namespace train
