// One training step on the scalar engine: every number is a node of the tape, row after row.
//
// Layers are written out here, so that all that happens to a number can be seen in one place.
// Read before: train.hpp. Read beside: train_tensor.cpp.
#include "train.hpp"

#include <trigrad/scalar/value.hpp>

#include <algorithm>
#include <numeric>

namespace train {
namespace {
using trigrad::Value, trigrad::tape;

class ScalarLearner : public Learner {
 public:
  ScalarLearner(const Job& job, const Options& options, const Rows& rows, const Weights& weights)
      : job_(job), options_(options), rows_(rows), shuffler_(options.seed, Draw::Order) {
    for (std::size_t k = 0; k + 1 < job.layers.size(); ++k) {  // a unit's weights lie together, its bias behind them
      const std::size_t in = job.layers[k];
      for (std::size_t unit = 0; unit < job.layers[k + 1]; ++unit) {
        for (std::size_t j = 0; j < in; ++j) parameters_.push_back(trigrad::leaf(weights[2 * k][unit * in + j]));
        parameters_.push_back(trigrad::leaf(weights[2 * k + 1][unit]));
      }
    }
    velocity_.resize(parameters_.size());
    start_ = tape().mark();
  }

  Figures epoch(const std::function<double()>& next_rate) override {
    std::vector<std::size_t> order(rows_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    if (options_.shuffle) order = shuffler_.permutation(order.size());
    const std::size_t size = options_.batch_size ? options_.batch_size : order.size();
    Figures figures;
    for (std::size_t from = 0; from < order.size(); from += size) {
      tape().rewind(start_);  // forget the last batch's graph
      const std::span<const std::size_t> batch = std::span(order).subspan(from, std::min(size, order.size() - from));
      const Value loss = pass(rows_, batch, figures);
      for (Value& p : parameters_) p.set_grad(0);
      loss.backward();
      update(next_rate());
    }
    return figures;
  }

  Figures look(const Rows& rows) override {
    Figures figures;
    for (std::size_t k = 0; k < rows.size(); ++k) {
      tape().rewind(start_);
      pass(rows, std::span(&k, 1), figures);
    }
    return figures;
  }

 private:
  // The mean loss of some rows.
  Value pass(const Rows& rows, std::span<const std::size_t> chosen, Figures& figures) {
    Value total = 0.0;
    for (const std::size_t k : chosen) {
      const std::vector<Value> scores = forward(std::span(rows.row(k), rows.width));
      total += loss_of(scores, rows.y[k]);
      figures.right += is_right(scores, rows.y[k]);
    }
    figures.loss += total.data + static_cast<double>(chosen.size()) * penalty();
    figures.rows += chosen.size();
    return total * (1 / static_cast<double>(chosen.size()));
  }

  std::vector<Value> forward(std::span<const double> x) const {
    const Value* p = parameters_.data();
    const auto layer = [&]<class X>(std::span<const X> in, std::size_t units, bool hidden) {
      std::vector<Value> out;
      for (std::size_t unit = 0; unit < units; ++unit, p += in.size() + 1) {
        const Value z = trigrad::dot(std::span(p, in.size()), in, p[in.size()]);
        out.push_back(hidden ? relu(z) : z);
      }
      return out;
    };
    const std::size_t last = job_.layers.size() - 1;
    std::vector<Value> h = layer(x, job_.layers[1], last > 1);
    for (std::size_t k = 2; k <= last; ++k) h = layer(std::span<const Value>(h), job_.layers[k], k < last);
    return h;
  }

  Value loss_of(const std::vector<Value>& scores, double y) const {
    if (job_.loss == Loss::Hinge) return relu(1.0 - y * scores[0]);
    if (job_.loss == Loss::Mse) return (scores[0] - y) * (scores[0] - y);
    double largest = scores[0].data;  // subtracted, so that no exponential overflows
    for (const Value& s : scores) largest = std::max(largest, s.data);
    Value total = 0.0;
    for (const Value& s : scores) total += exp(s - largest);
    return log(total) - (scores[static_cast<std::size_t>(y)] - largest);
  }

  bool is_right(const std::vector<Value>& scores, double y) const {
    if (job_.loss == Loss::Hinge) return (scores[0].data > 0) == (y > 0);
    const auto best = std::ranges::max_element(scores, {}, [](const Value& s) { return s.data; });
    return job_.loss == Loss::Nll && best - scores.begin() == static_cast<std::ptrdiff_t>(y);
  }

  double penalty() const {
    double squares = 0;
    for (const Value& p : parameters_) squares += p.data * p.data;
    return job_.l2 * squares;
  }

  void update(double lr) {
    for (std::size_t k = 0; k < parameters_.size(); ++k) {
      velocity_[k] = options_.momentum * velocity_[k] + parameters_[k].grad();
      parameters_[k].data -= lr * velocity_[k];
    }
  }

  Job job_;
  Options options_;
  Rows rows_;
  Draw shuffler_;
  std::vector<Value> parameters_;
  std::vector<double> velocity_;
  trigrad::Tape::Mark start_;
};

}  // namespace

std::unique_ptr<Learner> scalar_learner(const Job& job, const Options& options, const Rows& rows, const Weights& weights) {
  return std::make_unique<ScalarLearner>(job, options, rows, weights);
}

}  // namespace train
